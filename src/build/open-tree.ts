import { closeSync } from 'node:fs';
import type { Build } from './build.ts';
import { openRoot } from './in-root.ts';
import type { StageSource } from './plan.ts';
import type { SourceTree } from './source-tree.ts';
import { chainOf, EMPTY_CHAIN } from './stage-state.ts';
import { obtainBase } from './stage-base.ts';
import { openWorkingContainer, type WorkingContainer } from './working-container.ts';

/** What COPY --from or a mount's from= names. */
export interface TreeSource {
  /** Tells all content; undefined for directories of the host, whose files have to be looked at. */
  chain: string | undefined;
  /** Opens it: a stage or an image is only mounted for this. */
  open(): Promise<OpenTree>;
}

export interface OpenTree extends SourceTree {
  close(): Promise<void>;
}

/** Undefined: the build context. */
export async function findTree(
  build: Build,
  source: StageSource | undefined,
  platform: string,
): Promise<TreeSource> {
  if (source === undefined || source.kind === 'context')
    return { chain: undefined, open: () => openContextTree(build, source?.name) };
  if (source.kind === 'scratch')
    return layerTree(build, { chain: EMPTY_CHAIN, topLayerId: undefined, label: 'scratch' });
  if (source.kind === 'stage') {
    const { top } = await build.stage(source.index);
    return layerTree(build, { chain: chainOf(top), topLayerId: top?.id, label: `stage ${source.index}` });
  }
  const { image } = await obtainBase(build, source.name, platform);
  const top = image.topLayerId === undefined ? undefined : build.host.store.layers.get(image.topLayerId);
  return layerTree(build, { chain: chainOf(top), topLayerId: top?.id, label: source.name });
}

async function openContextTree(build: Build, name: string | undefined): Promise<OpenTree> {
  const context = await build.openContext(name);
  const root = openRoot(build.host.syscalls, context.directory);
  return {
    directory: context.directory,
    root,
    ignored: context.ignored,
    label: name === undefined ? 'the build context' : `the build context ${name}`,
    close: async () => closeSync(root),
  };
}

function layerTree(
  { host }: Build,
  source: { chain: string; topLayerId: string | undefined; label: string },
): TreeSource {
  return {
    chain: source.chain,
    async open() {
      const container = await openWorkingContainer(host, source.topLayerId);
      try {
        return treeOf(host.syscalls, container, source.label);
      } catch (error) {
        await container.close();
        throw error;
      }
    },
  };
}

async function treeOf(
  system: Parameters<typeof openRoot>[0],
  container: WorkingContainer,
  label: string,
): Promise<OpenTree> {
  const directory = await container.mount();
  const root = openRoot(system, directory);
  return {
    directory,
    root,
    ignored: undefined,
    label,
    async close() {
      closeSync(root);
      await container.close();
    },
  };
}
