import type { ImageRecord, Store } from '../storage/store.ts';

export interface HistoryReport {
  /** Of the image that ends with this step; `<missing>` when there is none here. */
  id: string;
  tags: string[];
  created: string | undefined;
  createdBy: string;
  /** Bytes of the layer's tar; 0 for steps that only change the configuration. */
  size: number;
  comment: string;
}

/** The steps that made an image, newest first. Images without a history show their bare layers. */
export function imageHistory(store: Store, image: ImageRecord): HistoryReport[] {
  const layers = image.topLayerId === undefined ? [] : store.layers.chain(image.topLayerId).reverse();
  const steps =
    image.config.history.length > 0
      ? image.config.history
      : layers.map(() => ({ emptyLayer: false as const }));
  const owners = stepOwners(store, image);
  let used = 0;
  const report = steps.map((step, i): HistoryReport => {
    const layer = step.emptyLayer ? undefined : layers[used++];
    const owner = i === steps.length - 1 ? image : owners.get(i + 1);
    return {
      id: owner?.id ?? '<missing>',
      tags: owner?.names ?? [],
      created: 'created' in step ? step.created : undefined,
      createdBy: ('createdBy' in step ? step.createdBy : undefined) ?? '',
      size: layer?.tarSize ?? 0,
      comment: ('comment' in step ? step.comment : undefined) ?? '',
    };
  });
  return report.reverse();
}

/** Local images that are the first N steps of this one, by N. */
function stepOwners(store: Store, image: ImageRecord): Map<number, ImageRecord> {
  const owners = new Map<number, ImageRecord>();
  const ours = image.config.history;
  for (const other of store.images.list()) {
    const theirs = other.config.history;
    if (other.id === image.id || theirs.length === 0 || theirs.length >= ours.length) continue;
    const isBeginning =
      other.config.diffIds.every((diffId, i) => diffId === image.config.diffIds[i]) &&
      theirs.every((step, i) => step.createdBy === ours[i]?.createdBy && step.created === ours[i]?.created);
    if (isBeginning) owners.set(theirs.length, other);
  }
  return owners;
}
