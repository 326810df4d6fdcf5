import { UsageError } from '../../../base/errors.ts';
import { INSPECT_TYPES, inspectAny, inspectMemo } from '../../../engine/inspect-any.ts';
import type { CommandHandler } from '../../command.ts';
import { printInspected } from '../../output/inspected.ts';
import type { GoObject } from '../../output/template/go-value.ts';
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
  const memo = inspectMemo();
  return printInspected(namesToInspect(engine, input), input, {
    find: (name) =>
      inspectAny(engine, name, { type: flags['latest'] === true ? 'container' : type, size, memo }),
    templateData,
  });
};

/** By a member that only this kind of object has. */
async function templateData(document: GoObject): Promise<GoObject> {
  if ('HostConfig' in document)
    return (await import('./container-template.ts')).containerTemplateData(document);
  if ('RootFS' in document) return (await import('../image/image-template.ts')).imageTemplateData(document);
  if ('dns_enabled' in document)
    return (await import('../network/network-row.ts')).networkTemplateData(document);
  if ('Mountpoint' in document) return (await import('../volume/volume-row.ts')).volumeTemplateData(document);
  return (await import('../../output/inspected-data.ts')).asTemplateData(document);
}
