import { resolve } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import type { RootDirectory } from './container-spec.ts';
import { isIdmapOption } from './mount-options.ts';

/** What stands in an image's place with `--rootfs`: `PATH[:O][:idmap[=…]]`. */
export function parseRootDirectory(text: string, cwd: string): RootDirectory {
  const root: RootDirectory = { path: text, overlay: false };
  for (;;) {
    const colon = root.path.lastIndexOf(':');
    const word = root.path.slice(colon + 1);
    if (colon >= 0 && word === 'O') root.overlay = true;
    else if (colon >= 0 && isIdmapOption(word)) root.idmap = word;
    else break;
    root.path = root.path.slice(0, colon);
  }
  if (root.path === '') throw new InvalidSpecError('--rootfs needs a directory in the place of the image');
  return { ...root, path: resolve(cwd, root.path) };
}
