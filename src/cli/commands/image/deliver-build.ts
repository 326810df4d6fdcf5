import { resolve } from 'node:path';
import type { BuildOptions, BuildOutput, BuildReport } from '../../../engine/build.ts';
import type { Engine } from '../../../engine/engine.ts';
import { saveImages } from '../../../engine/image-archives.ts';
import { addToManifestList, createManifestList, lookUpManifestList } from '../../../engine/manifest-lists.ts';
import { pushImage } from '../../../engine/push-image.ts';
import type { FlagValues } from '../../flag.ts';
import { stdoutStream } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';
import { registryAccess } from './registry-access.ts';

/** What the command asks for beyond the image itself: archives, a place in a manifest list, registries. */
export async function deliverBuild(
  engine: Engine,
  { imageId, names }: BuildReport,
  options: BuildOptions,
  flags: FlagValues,
): Promise<void> {
  if (imageId === undefined) return;
  const progress = openPullProgress(flags['quiet'] === true);
  try {
    for (const output of options.outputs.filter(isArchive)) {
      const toStdout = output.dest === undefined || output.dest === '-';
      const words = names.length > 0 ? names : [imageId];
      const where = toStdout ? stdoutStream() : resolve(options.workingDirectory, output.dest ?? '');
      await saveImages(
        engine,
        words,
        {
          format: output.type === 'oci' ? 'oci-archive' : 'docker-archive',
          compress: output.type === 'oci',
          severalImages: words.length > 1,
          output: where,
        },
        progress.listener,
      );
    }
    if (options.manifest !== undefined) await addToList(engine, options.manifest, imageId, flags);
    if (wantsPush(options, flags))
      for (const name of names)
        await pushImage(engine, name, registryAccess(flags, engine), progress.listener);
  } finally {
    progress.done();
  }
}

export function wantsPush({ outputs }: BuildOptions, flags: FlagValues): boolean {
  return flags['push'] === true || outputs.some((output) => output.type === 'image' && output.push);
}

type ArchiveOutput = Extract<BuildOutput, { type: 'oci' | 'docker' }>;

function isArchive(output: BuildOutput): output is ArchiveOutput {
  return output.type === 'oci' || output.type === 'docker';
}

/** The list is made with its first image. */
async function addToList(engine: Engine, list: string, imageId: string, flags: FlagValues): Promise<void> {
  if (lookUpManifestList(engine, list) === undefined)
    createManifestList(engine, list, { amend: true, annotations: {} });
  await addToManifestList(engine, list, imageId, { ...registryAccess(flags, engine), all: false });
}
