import { UsageError } from '../../../base/errors.ts';
import { INSPECT_TYPES, inspectAny } from '../../../engine/inspect-any.ts';
import type { CommandHandler } from '../../command.ts';
import { asTemplateData, printInspected } from '../../output/inspected.ts';
import { imageTemplateData } from '../image/image-template.ts';
import { containerTemplateData } from './container-template.ts';
import type { GoObject } from '../../output/template/go-value.ts';
import { networkTemplateData } from '../network/network-row.ts';
import { volumeTemplateData } from '../volume/volume-row.ts';
import { namesToInspect } from './names-to-inspect.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const asked = String(flags['type']);
  const type = INSPECT_TYPES.find((each) => each === asked);
  if (type === undefined) {
    throw new UsageError(
      `invalid type ${JSON.stringify(asked)}: must be "image", "container", "pod", "network", "volume", or "all"`,
    );
  }
  if (flags['latest'] === true && type !== 'all' && type !== 'container')
    throw new UsageError(`--latest is only for containers, not for type ${type}`);
  const engine = openEngine();
  const size = flags['size'] === true;
  return printInspected(namesToInspect(engine, input), input, {
    find: (name) => inspectAny(engine, name, { type: flags['latest'] === true ? 'container' : type, size }),
    templateData,
  });
};

/** By a member that only this kind of object has. */
function templateData(document: GoObject): GoObject {
  if ('HostConfig' in document) return containerTemplateData(document);
  if ('RootFS' in document) return imageTemplateData(document);
  if ('dns_enabled' in document) return networkTemplateData(document);
  return 'Mountpoint' in document ? volumeTemplateData(document) : asTemplateData(document);
}
