import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import type { Build } from './build.ts';
import { cacheKey } from './cache-rows.ts';
import type { CopyPart } from './copy-parts.ts';
import { openRoot } from './in-root.ts';
import type { CopySources } from './instruction.ts';
import { listSources } from './source-tree.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { literalPattern } from './wildcard.ts';

/** Files whose content stands in the Containerfile. */
export function heredocTree(build: Build, { files }: CopySources): CopyPart {
  const { syscalls } = build.host;
  return {
    digest: cacheKey(...files.map(({ name, content }) => [name, sha256(content)])),
    kind: files.length === 1 ? 'file' : 'multi',
    keepsOwners: false,
    async withFiles(use) {
      const directory = temporaryDirectory(build.host, 'heredoc');
      try {
        const names = files.map(({ name }) => fileName(name));
        for (const [index, { content }] of files.entries()) {
          const path = join(directory, String(index));
          mkdirSync(path);
          writeFileSync(join(path, names[index] ?? ''), content, { mode: 0o644, flag: 'wx' });
        }
        const root = openRoot(syscalls, directory);
        try {
          const tree = { directory, root, ignored: undefined, label: 'the Containerfile' };
          const sources = names.map((name, index) => `${index}/${literalPattern(name)}`);
          await use(
            tree,
            await listSources(syscalls, tree, { sources, parents: false, excluded: undefined }),
          );
        } finally {
          closeSync(root);
        }
      } finally {
        await build.host.syscalls.removeTree(directory);
      }
    },
  };
}

/** One part of a path: with more of them the file would lie elsewhere. */
function fileName(heredoc: string): string {
  const name = heredoc.replace(/^\/+/, '');
  if (name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)) return name;
  throw new InvalidSpecError(`<<${heredoc} is not the name of a file`, {
    hint: 'choose a word without slashes, and name directories in the destination',
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
