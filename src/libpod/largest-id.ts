import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESOLVE_IN_ROOT } from '../native/syscalls.ts';
import { layerPaths, storeLayout } from '../storage/layout.ts';
import type { Libpod } from './context.ts';

/** `nobody` of most systems, which needs no room of its own. */
const NOBODY = 65534;

/** The largest user or group id that an image's own passwd and group files name; how many ids it will use at least. */
export function largestId(libpod: Libpod, topLayerId: string | undefined): number {
  if (topLayerId === undefined) return 0;
  const layout = storeLayout(libpod.paths.graphRoot);
  const diffs = libpod.store.layers.chain(topLayerId).map(({ id }) => layerPaths(layout, id).diff);
  const ids = ['etc/passwd', 'etc/group'].flatMap((name) => {
    const text = diffs.map((diff) => read(libpod, diff, name)).find((found) => found !== undefined) ?? '';
    return text.split('\n').flatMap((line) =>
      line
        .split(':')
        .slice(2, 4)
        .filter((word) => /^\d{1,9}$/.test(word)),
    );
  });
  return Math.max(0, ...ids.map(Number).filter((id) => id < NOBODY));
}

/** Layers are what somebody else has made: links in them lead nowhere else. */
function read(libpod: Libpod, diff: string, name: string): string | undefined {
  let root: number;
  try {
    root = openSync(join(diff), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  try {
    const fd = libpod.syscalls.openat2(
      root,
      name,
      constants.O_RDONLY | constants.O_NONBLOCK,
      0,
      RESOLVE_IN_ROOT,
    );
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  } finally {
    closeSync(root);
  }
}
