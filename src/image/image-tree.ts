import type { ImageRecord, Store } from '../storage/store.ts';

/**
 * The local image that `image` was built on: the nearest one below it in the chain of layers whose history is the beginning
 * of its own. Undefined when there is none.
 */
export function parentOf(store: Store, image: ImageRecord): ImageRecord | undefined {
  const history = image.config.history;
  if (history.length < 2) return undefined;
  const ancestors = new Set<string | undefined>(
    image.topLayerId === undefined ? [] : store.layers.chain(image.topLayerId).map((layer) => layer.id),
  );
  ancestors.add(undefined);
  let parent: ImageRecord | undefined;
  for (const other of store.images.list()) {
    if (other.id === image.id || !ancestors.has(other.topLayerId) || !isBeginning(other, image)) continue;
    if (parent === undefined || other.config.history.length > parent.config.history.length) parent = other;
  }
  return parent;
}

function isBeginning(other: ImageRecord, image: ImageRecord): boolean {
  const theirs = other.config.history;
  const ours = image.config.history;
  if (theirs.length === 0 || theirs.length >= ours.length) return false;
  return theirs.every(
    (entry, i) => entry.createdBy === ours[i]?.createdBy && entry.created === ours[i]?.created,
  );
}
