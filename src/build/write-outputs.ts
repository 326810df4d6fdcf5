import { closeSync, createWriteStream, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { copyChanges } from '../storage/changes.ts';
import { diffLayer } from '../storage/diff-layer.ts';
import type { Build } from './build.ts';
import { copyInto } from './copy-into.ts';
import { openRoot } from './in-root.ts';
import { listSources } from './source-tree.ts';
import type { StageState } from './stage-state.ts';
import { openWorkingContainer } from './working-container.ts';

/** Writes the files of the target where --output says. True when that is all that was asked for: no image is made then. */
export async function writeOutputs(build: Build, state: StageState): Promise<boolean> {
  let wroteFiles = false;
  for (const output of build.options.outputs) {
    if (output.type === 'image' && !output.push) continue;
    if (output.type !== 'local' && output.type !== 'tar')
      throw new UnsupportedError(
        `--output type=${output.type}${output.type === 'image' ? ',push=true' : ''} is not supported: use save or push after the build`,
      );
    wroteFiles = true;
    await writeFiles(build, state, output);
  }
  return wroteFiles;
}

async function writeFiles(
  build: Build,
  state: StageState,
  { type, dest }: { type: 'local' | 'tar'; dest: string },
): Promise<void> {
  const { host, options, signal } = build;
  const container = await openWorkingContainer(host, state.top?.id);
  try {
    const rootfs = await container.mount();
    const path = dest === '-' ? dest : resolve(options.workingDirectory, dest);
    if (type === 'tar') {
      const target: Writable = path === '-' ? process.stdout : createWriteStream(path, { mode: 0o644 });
      const tar = diffLayer(
        host.syscalls,
        await copyChanges(host.syscalls, { copy: rootfs, original: undefined, idMaps: undefined }),
      );
      if (path === '-') await pipeline(tar, target, { signal, end: false });
      else await pipeline(tar, target, { signal });
    } else await copyOut(build, rootfs, path);
  } finally {
    await container.close();
  }
}

async function copyOut(build: Build, rootfs: string, path: string): Promise<void> {
  const { syscalls } = build.host;
  mkdirSync(path, { recursive: true });
  const from = openRoot(syscalls, rootfs);
  try {
    const to = openRoot(syscalls, path);
    try {
      const tree = { directory: rootfs, root: from, ignored: undefined, label: 'the image' };
      const listing = await listSources(syscalls, tree, {
        sources: ['.'],
        parents: false,
        excluded: undefined,
      });
      // A user's files belong to the user.
      const owner = rootlessUid() === undefined ? undefined : { uid: 0, gid: 0 };
      await copyInto(syscalls, to, { tree, listing, destination: '/', owner, mode: undefined });
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}
