import { closeSync } from 'node:fs';
import type { Build } from './build.ts';
import { type CopyPart, partOf } from './copy-parts.ts';
import type { ContextSource } from './context-source.ts';
import { fetchGit } from './git-context.ts';
import { openRoot } from './in-root.ts';
import type { AddInstruction } from './instruction.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** The files of a repository at one commit. */
export async function gitPart(
  build: Build,
  instruction: AddInstruction,
  source: Extract<ContextSource, { kind: 'git' }>,
): Promise<CopyPart> {
  const { host } = build;
  const top = temporaryDirectory(host, 'git');
  build.atEnd.push(() => host.syscalls.removeTree(top));
  const directory = await fetchGit(source, {
    place: { system: host.syscalls, temporary: host.paths.temporary, signal: build.signal },
    directory: top,
    keepGitDirectory: instruction.keepGitDir,
  });
  const tree = {
    chain: undefined,
    open: async () => {
      const root = openRoot(host.syscalls, directory);
      const close = async (): Promise<void> => closeSync(root);
      return { directory, root, ignored: undefined, label: source.repository, close };
    },
  };
  return await partOf(build, tree, { instruction: { ...instruction, sources: ['.'] }, keepsOwners: false });
}
