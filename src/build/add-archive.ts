import { closeSync, constants, createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { rootlessUid } from '../base/paths.ts';
import { unpacked } from '../image/open-archive.ts';
import { sha256Of } from '../base/ids.ts';
import { applyLayer } from '../storage/apply-layer.ts';
import type { Build } from './build.ts';
import { type CopyPart, partOf } from './copy-parts.ts';
import { openRoot } from './in-root.ts';
import type { TreeSource } from './open-tree.ts';
import { isDirectory, listSources, openSource, type SourceTree } from './source-tree.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { literalPattern } from './wildcard.ts';

const BLOCK = 512;

/** Which of the local sources are archives; of wildcards each file is looked at by itself. */
export async function sortArchives(
  build: Build,
  source: TreeSource,
  sources: readonly string[],
): Promise<{ plain: string[]; archives: string[] }> {
  const sorted: { plain: string[]; archives: string[] } = { plain: [], archives: [] };
  const { syscalls } = build.host;
  const tree = await source.open();
  try {
    for (const one of sources) {
      const wish = { sources: [one], parents: true, excluded: undefined };
      const { items } = await listSources(syscalls, tree, wish);
      const files = items.some(({ stat }) => isDirectory(stat)) ? [] : items;
      const archives: string[] = [];
      for (const { path, stat } of files)
        if ((stat.mode & constants.S_IFMT) === constants.S_IFREG && (await isArchive(build, tree, path)))
          archives.push(path);
      if (archives.length === 0) sorted.plain.push(one);
      else sorted.plain.push(...files.map(({ path }) => path).filter((path) => !archives.includes(path)));
      sorted.archives.push(...archives);
    }
  } finally {
    await tree.close();
  }
  return sorted;
}

/** A tar, however compressed, unpacked: owners are those of the archive. */
export async function archivePart(build: Build, source: TreeSource, path: string): Promise<CopyPart> {
  const instruction = {
    sources: [literalPattern(path)],
    files: [],
    destination: '/',
    chown: undefined,
    chmod: undefined,
    link: false,
    parents: false,
    excludes: [],
  };
  const part = await partOf(build, source, { instruction, keepsOwners: true });
  return {
    ...part,
    unpack: true,
    withFiles: (use) =>
      part.withFiles(async (tree) => {
        const fd = openSource(build.host.syscalls, tree, path);
        const content = createReadStream('', { fd, start: 0, autoClose: true, highWaterMark: 1 << 18 });
        await withUnpacked(build, content, use);
      }),
  };
}

/** Unpacks into a directory of its own first: nothing of the archive reaches beyond it. */
export async function withUnpacked(
  build: Build,
  content: Readable,
  use: Parameters<CopyPart['withFiles']>[0],
): Promise<void> {
  const { host } = build;
  const directory = temporaryDirectory(host, 'archive');
  try {
    const diff = join(directory, 'diff');
    mkdirSync(diff, { mode: 0o755 });
    await applyLayer(
      {
        parent: undefined,
        diffId: sha256Of(''),
        source: Readable.from(await unpacked(content, { temporary: directory }), { objectMode: false }),
        compression: 'none',
        signal: build.signal,
      },
      {
        label: 'the archive',
        diff,
        tarSplit: join(directory, 'tar-split'),
        replaced: join(directory, 'replaced'),
        whiteouts: { kind: 'delete' },
        inUserNamespace: rootlessUid() !== undefined,
        ignoresOwners: false,
      },
    );
    const root = openRoot(host.syscalls, diff);
    try {
      const tree: SourceTree = { directory: diff, root, ignored: undefined, label: 'the archive' };
      await use(
        tree,
        await listSources(host.syscalls, tree, { sources: ['.'], parents: false, excluded: undefined }),
      );
    } finally {
      closeSync(root);
    }
  } finally {
    await host.syscalls.removeTree(directory);
  }
}

async function isArchive(build: Build, tree: SourceTree, path: string): Promise<boolean> {
  const fd = openSource(build.host.syscalls, tree, path);
  const stream = createReadStream('', { fd, start: 0, autoClose: true, highWaterMark: 1 << 16 });
  try {
    let head = Buffer.alloc(0);
    for await (const chunk of await unpacked(stream, { temporary: tree.directory })) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= BLOCK) break;
    }
    return isTarHeader(head);
  } catch {
    // Compressed badly, or not what its first bytes look like: copied as it is.
    return false;
  } finally {
    stream.destroy();
  }
}

/** The checksum of a header counts its own eight bytes as spaces. */
function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK) return false;
  const recorded = Number.parseInt(
    block
      .toString('latin1', 148, 156)
      .replace(/[\0 ]+/g, ' ')
      .trim(),
    8,
  );
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return recorded === sum && sum > 8 * 0x20;
}
