import { inspectManifest, inspectManifests, type VerboseManifest } from '../../../engine/manifest-lists.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { registryAccess } from '../image/registry-access.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [name = ''] = args;
  const access = registryAccess(flags);
  if (flags['verbose'] !== true) {
    printLine(await inspectManifest(openEngine(), name, access));
    return 0;
  }
  const found = (await inspectManifests(openEngine(), name, access)).map(dockerDocument);
  const [only] = found;
  printLine(JSON.stringify(found.length === 1 ? only : found, undefined, 4));
  return 0;
};

function dockerDocument({ reference, descriptor, text }: VerboseManifest): object {
  const kind = descriptor.mediaType.includes('docker') ? 'SchemaV2Manifest' : 'OCIManifest';
  return {
    Ref: reference,
    Descriptor: descriptor,
    Raw: Buffer.from(text).toString('base64'),
    [kind]: JSON.parse(text) as object,
  };
}
