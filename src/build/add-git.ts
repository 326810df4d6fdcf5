import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Build } from './build.ts';
import { type CopyPart, partOf } from './copy-parts.ts';
import type { ContextSource } from './context-source.ts';
import { fetchGit } from './git-context.ts';
import { hideCredentials } from './hide-credentials.ts';
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
  // With the mode that the copy gets; what keeps others out is the directory above.
  const inner = join(top, 'files');
  mkdirSync(inner, { mode: 0o755 });
  const directory = await fetchGit(source, {
    place: { system: host.syscalls, temporary: host.paths.temporary, signal: build.signal },
    directory: inner,
    keepGitDirectory: instruction.keepGitDir,
  });
  const tree = {
    chain: undefined,
    open: async () => {
      const root = openRoot(host.syscalls, directory);
      const close = async (): Promise<void> => closeSync(root);
      return { directory, root, ignored: undefined, label: hideCredentials(source.repository), close };
    },
  };
  return await partOf(build, tree, { instruction: { ...instruction, sources: ['.'] }, keepsOwners: false });
}
