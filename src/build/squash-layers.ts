import { join } from 'node:path';
import { rootlessUid } from '../base/paths.ts';
import { applyLayer } from '../storage/apply-layer.ts';
import type { LayerRecord } from '../storage/store.ts';
import type { Build } from './build.ts';
import { modifiedAt } from './modified-at.ts';
import { runLayerStep } from './layer-step.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { openWorkingContainer } from './working-container.ts';

/** One layer with everything by which `top` differs from `base`. */
export async function squashLayers(
  build: Build,
  wish: { base: LayerRecord | undefined; top: LayerRecord | undefined; key: string },
): Promise<LayerRecord | undefined> {
  const outcome = await runLayerStep(
    build,
    { key: wish.key, description: 'squash', isTold: false, perform: () => merge(build, wish) },
    { mayUseCache: build.options.cache.enabled && build.options.result.layers },
  );
  // Those in between are held by the cache, or by nothing any more.
  return outcome.layer;
}

/** Unpacks the layers one after the other on top of the base: what a later one deletes is gone. */
async function merge(
  build: Build,
  { base, top }: { base: LayerRecord | undefined; top: LayerRecord | undefined },
): Promise<LayerRecord | undefined> {
  if (top === undefined) return undefined;
  const { host } = build;
  const { layers } = host.store;
  const below = new Set(base === undefined ? [] : layers.chain(base.id).map(({ id }) => id));
  const added = layers
    .chain(top.id)
    .filter(({ id }) => !below.has(id))
    .reverse();
  const container = await openWorkingContainer(host, base?.id);
  const directory = temporaryDirectory(host, 'squash');
  try {
    const rootfs = await container.mount();
    for (const layer of added)
      await applyLayer(
        {
          parent: undefined,
          diffId: layer.diffId,
          source: layers.export(layer.id),
          compression: 'none',
          signal: build.signal,
        },
        {
          label: `layer ${layer.diffId.slice(0, 19)}`,
          diff: rootfs,
          tarSplit: join(directory, layer.id),
          replaced: join(directory, `${layer.id}-replaced`),
          whiteouts: { kind: 'delete' },
          inUserNamespace: rootlessUid() !== undefined,
          ignoresOwners: false,
        },
      );
    return await container.commit({ modifiedAt: modifiedAt(build) });
  } finally {
    await build.host.syscalls.removeTree(directory);
    await container.close();
  }
}
