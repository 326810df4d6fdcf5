import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import type { Build, StepPlace } from './build.ts';
import { partOf } from './copy-parts.ts';
import { copyInto } from './copy-into.ts';
import { nameBytes, nameText, openRoot, resolveInRoot } from './in-root.ts';
import type { BindMount, CopySources } from './instruction.ts';
import { resolveSource } from './make-plan.ts';
import { findTree, type OpenTree } from './open-tree.ts';
import type { RunMountPlan, Surroundings } from './run-mounts.ts';
import { isDirectory, listSources } from './source-tree.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { literalPattern } from './wildcard.ts';

/** Files of the context, a stage or an image, for one command. What it writes to them is thrown away. */
export async function planBind(build: Build, place: StepPlace, mount: BindMount): Promise<RunMountPlan> {
  const { target, from, readWrite } = mount;
  const origin = from === undefined ? undefined : resolveSource(build.plan, place.stage.index, from);
  const source = await findTree(build, origin, place.state.platform);
  const content =
    source.chain === undefined
      ? (await partOf(build, source, { instruction: wholeOf(mount.source), keepsOwners: true })).digest
      : source.chain;
  return {
    facts: ['bind', target, mount.source, content, readWrite],
    async attach(surroundings) {
      const tree = await source.open();
      surroundings.onClose(() => tree.close());
      // A stage's files are a layer of their own, which goes with the mount; a directory of the host is not ours to change.
      const mustCopy = source.chain === undefined && (readWrite || tree.ignored !== undefined);
      const path = mustCopy
        ? await copied(surroundings, tree, mount.source)
        : inTree(build, tree, mount.source);
      surroundings.bind(path, target, { readOnly: !readWrite });
    },
  };
}

export function wholeOf(source: string): CopySources {
  return {
    sources: [literal(source)],
    files: [],
    destination: '/',
    chown: undefined,
    chmod: undefined,
    link: false,
    parents: false,
    excludes: [],
  };
}

function literal(source: string): string {
  return source === '' ? '.' : literalPattern(source);
}

/** Where it lies, without links. */
export function inTree(build: Build, tree: OpenTree, source: string): string {
  const { path, missing } = resolveInRoot(build.host.syscalls, tree.root, nameBytes(source));
  if (missing.length === 0) return join(tree.directory, nameText(path));
  throw new NotFoundError('image', source, {
    message: `${source} is not in ${tree.label}: no such file or directory`,
  });
}

async function copied(surroundings: Surroundings, tree: OpenTree, source: string): Promise<string> {
  const { build } = surroundings;
  const { syscalls } = build.host;
  const directory = temporaryDirectory(build.host, 'bind');
  surroundings.onClose(() => syscalls.removeTree(directory));
  const listing = await listSources(syscalls, tree, {
    sources: [literal(source)],
    parents: false,
    excluded: undefined,
  });
  const [first] = listing.items;
  const isFile = first !== undefined && !isDirectory(first.stat);
  const root = openRoot(syscalls, directory);
  try {
    const destination = isFile ? '/file' : '/tree/';
    await copyInto(syscalls, root, { tree, listing, destination, owner: undefined, mode: undefined });
  } finally {
    closeSync(root);
  }
  return join(directory, isFile ? 'file' : 'tree');
}
