import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const MANIFEST = 'lib/tspod/installed-files';

/** The files of an earlier installation below the prefix, or undefined. */
export function readManifest(prefix) {
  const path = join(prefix, MANIFEST);
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : undefined;
}

/**
 * Puts each file in place by rename, so that a tspod that runs meanwhile keeps its own; the launcher comes last. Then what an
 * earlier version had and this one has not is removed. The manifest names the directories too that had to be made (with a slash).
 */
export function installFiles(prefix, files) {
  const before = readManifest(prefix) ?? [];
  const now = [...files.map(({ path }) => path), MANIFEST];
  process.umask(0o022);
  const folders = new Set([...before.filter(isFolder), ...missingFolders(prefix, now)]);
  for (const folder of folders) mkdirSync(join(prefix, folder), { recursive: true, mode: 0o755 });
  // Written first: an installation that is cut off can still be removed.
  writeManifest(prefix, [...folders, ...before, ...now]);
  for (const file of files.toReversed()) place(file, join(prefix, file.path));
  const kept = new Set(now);
  removeFiles(
    prefix,
    before.filter((path) => !isFolder(path) && !kept.has(path)),
  );
  writeManifest(prefix, [...folders, ...now]);
}

/** Removes files, then those of the directories that are empty now, the deepest first. */
export function removeFiles(prefix, paths) {
  for (const path of paths.filter((path) => !isFolder(path))) rmSync(join(prefix, path), { force: true });
  const folders = paths.filter(isFolder).sort((a, b) => b.length - a.length);
  for (const folder of folders) {
    try {
      rmdirSync(join(prefix, folder));
    } catch {
      // Somebody else has put something there.
    }
  }
}

function isFolder(path) {
  return path.endsWith('/');
}

/** All directories on the way to the files that do not exist yet. */
function missingFolders(prefix, paths) {
  const missing = new Set();
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      if (!existsSync(join(prefix, folder))) missing.add(`${folder}/`);
    }
  }
  return [...missing].sort((a, b) => a.length - b.length);
}

function place({ source, text, mode }, target) {
  const fresh = `${target}.new`;
  if (text === undefined) copyFileSync(source, fresh);
  else writeFileSync(fresh, text);
  chmodSync(fresh, mode);
  renameSync(fresh, target);
}

function writeManifest(prefix, paths) {
  const path = join(prefix, MANIFEST);
  writeFileSync(`${path}.new`, `${[...new Set(paths)].join('\n')}\n`, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}
