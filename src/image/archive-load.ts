import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { storeLayout } from '../storage/layout.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { loadDockerArchive } from './load-docker-archive.ts';
import { loadDirectoryImage, loadOciLayout } from './load-oci-layout.ts';
import type { LoadContext, LoadedImage, LoadOptions } from './load-options.ts';
import { formatPlatform, wantedPlatform } from './manifest.ts';
import { openArchive } from './open-archive.ts';
import { checkArchivePolicy } from './policy.ts';

/**
 * Loads every image of an archive: what `docker save`, `podman save`, skopeo and buildah write (docker-archive, oci-archive,
 * and the directory forms of both), whole or compressed, from a file, a directory or a stream.
 */
export async function loadImages(
  context: LoadContext,
  input: string | Readable,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  const temporary = context.temporary ?? storeLayout(context.store.graphRoot).tmp;
  const files = await openArchive({ input, temporary, signal: context.signal });
  try {
    const { transport, load } = loaderFor(files, input);
    const path = typeof input === 'string' ? resolve(input) : '/dev/stdin';
    checkArchivePolicy(transport, path, { file: options.signaturePolicy });
    const loaded = await load(context, files, options);
    if (loaded.length > 0) return loaded;
    throw new NotFoundError('image', '', {
      message: `the archive has no image for platform ${formatPlatform(wantedPlatform(options))}`,
    });
  } finally {
    files.close();
  }
}

type Loader = (context: LoadContext, files: ArchiveFiles, options: LoadOptions) => Promise<LoadedImage[]>;

function loaderFor(files: ArchiveFiles, input: string | Readable): { transport: string; load: Loader } {
  const isDirectory = typeof input === 'string' && statSync(input).isDirectory();
  // skopeo's `dir:` has a manifest.json too, but it is an object and a file named version lies beside it.
  if (files.has('manifest.json') && files.has('version'))
    return { transport: 'dir', load: loadDirectoryImage };
  if (files.has('manifest.json')) return { transport: 'docker-archive', load: loadDockerArchive };
  if (files.has('oci-layout') && files.has('index.json'))
    return { transport: isDirectory ? 'oci' : 'oci-archive', load: loadOciLayout };
  if (files.has('repositories')) {
    throw new InvalidSpecError('the archive is from a docker older than 1.10, which is not supported', {
      hint: 'load it with an old docker and save it again',
    });
  }
  const what = typeof input === 'string' ? input : 'the input';
  throw new InvalidSpecError(`${what} is not an image archive: it has neither manifest.json nor index.json`, {
    hint: 'a tar of a root file system is brought in by `tspod import`',
  });
}
