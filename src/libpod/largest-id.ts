import { readInside } from '../oci/user.ts';
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
    const text = diffs.map((diff) => read(libpod, diff, name)).find((found) => found !== '') ?? '';
    return text.split('\n').flatMap((line) =>
      line
        .split(':')
        .slice(2, 4)
        .filter((word) => /^\d{1,9}$/.test(word)),
    );
  });
  return Math.max(0, ...ids.map(Number).filter((id) => id < NOBODY));
}

/** '' where this layer has none. Layers are what somebody else has made: what cannot be read names no ids. */
function read(libpod: Libpod, diff: string, name: string): string {
  try {
    return readInside({ rootfs: diff, syscalls: libpod.syscalls }, name);
  } catch {
    return '';
  }
}
