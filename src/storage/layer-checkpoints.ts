import { crashPoint } from '../base/crash-point.ts';
import { errnoOf, IntegrityError, messageOf, StorageError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { isAlive, parseIdentity } from '../native/process-identity.ts';
import { transaction } from '../state/db.ts';
import { IS_DAMAGED } from './damaged-layer.ts';
import type { BlobPoint, Checkpoint, TarPart } from './checkpoint.ts';
import type { CheckpointKeeper } from './checkpoint-taker.ts';
import { type LayerEater, layerEater } from './eat-layer.ts';
import { layerRange } from './export-layer.ts';
import type { LayerStoreContext } from './layers.ts';
import { abandonLayer } from './new-layer.ts';
import { isInterruption, type PartialBlob } from './partial-blobs.ts';
import type { ApplyOptions } from './store.ts';

const SMALLEST_INTERVAL = 512 << 10;
const LARGEST_INTERVAL = 4 << 20;
const INTERVALS = 32;

/** Of a blob that is being unpacked as layer `id`, with what an earlier attempt has left; undefined where the blob keeps everything. */
export async function layerCheckpoints(
  context: LayerStoreContext,
  options: ApplyOptions,
  id: string,
): Promise<LayerCheckpoints | undefined> {
  const { partial, blobDigest, compression } = options;
  if (partial === undefined) return undefined;
  const left = partial.checkpoint;
  if (left !== undefined) {
    const layers = left.parts.map(({ layer }) => layer);
    const free = layers.filter((layer) => isFree(context, layer));
    const isOther = compression !== 'detect' && compression !== left.compression;
    if (isOther || free.length < layers.length) {
      partial.reset();
      for (const layer of free) await abandonLayer(context, layer);
    }
  }
  if (blobDigest?.startsWith('sha256:') !== true) return undefined;
  return new LayerCheckpoints(context, partial, { id, blobSize: options.blobSize ?? 0 });
}

/** The attempt's own layer grows; those of earlier ones give their tar, and their room as it does. */
export class LayerCheckpoints implements CheckpointKeeper {
  readonly resumed: CheckpointKeeper['resumed'];
  readonly interval: number;
  readonly #context: LayerStoreContext;
  readonly #partial: PartialBlob;
  readonly #id: string;
  #left: TarPart[];
  #eater: { layer: string; eater: LayerEater } | undefined;

  constructor(
    context: LayerStoreContext,
    partial: PartialBlob,
    { id, blobSize }: { id: string; blobSize: number },
  ) {
    const { checkpoint } = partial;
    this.#context = context;
    this.#partial = partial;
    this.#id = id;
    this.#left = checkpoint?.parts ?? [];
    this.interval = Math.min(Math.max(blobSize / INTERVALS, SMALLEST_INTERVAL), LARGEST_INTERVAL);
    this.resumed = checkpoint && { point: checkpoint, tar: () => tarOf(context, checkpoint) };
  }

  async note(point: BlobPoint, have: number): Promise<void> {
    const left = this.#left.filter(({ to }) => to > have);
    const end = left.length === 0 ? point.unpacked : have;
    const { compression, from, hash, packed, mark, unpacked, crc } = point;
    const parts = [{ layer: this.#id, to: end }, ...left];
    if (!this.#partial.note({ compression, from, hash, packed, mark, unpacked, crc, parts })) return;
    const gone = this.#left.filter((part) => !left.includes(part));
    this.#left = left;
    for (const { layer } of gone) await this.#drop(layer);
    const [first] = left;
    if (first !== undefined) this.#eat(first.layer, have);
    crashPoint('checkpoint-after-left');
  }

  /** The layer is complete. */
  async finish(): Promise<void> {
    for (const { layer } of this.#left) await this.#drop(layer);
    this.#left = [];
  }

  /** The attempt has failed. What the next one can go on with stays, if that is why. */
  async giveUp(reason: unknown): Promise<void> {
    const { db } = this.#context;
    this.#stopEating();
    const layers = [this.#id, ...this.#left.map(({ layer }) => layer)];
    let needed = isInterruption(reason)
      ? (this.#partial.checkpoint?.parts ?? []).map(({ layer }) => layer)
      : [];
    // This process may live on, but the layers wait for whoever comes.
    const release = db.prepare('UPDATE layers SET owner = NULL WHERE id = ? AND incomplete = 1');
    for (const layer of needed) transaction(db, () => release.run(layer), false);
    if (isInterruption(reason) && !this.#partial.keep()) needed = [];
    for (const layer of layers) if (!needed.includes(layer)) await abandonLayer(this.#context, layer);
  }

  async #drop(layer: string): Promise<void> {
    if (this.#eater?.layer === layer) this.#stopEating();
    await abandonLayer(this.#context, layer);
  }

  /** What cannot be eaten only takes room for longer. Where layers share files with those below them, nothing may be. */
  #eat(layer: string, before: number): void {
    if (this.#context.driver.needsParent) return;
    try {
      if (this.#eater?.layer !== layer) {
        this.#stopEating();
        this.#eater = { layer, eater: layerEater(this.#context, layer) };
      }
      this.#eater.eater.eat(before);
    } catch (error) {
      if (errnoOf(error) === undefined && !(error instanceof StorageError)) throw error;
      log('debug', `layer ${layer} keeps its room for now: ${messageOf(error)}`);
    }
  }

  #stopEating(): void {
    this.#eater?.eater.close();
    this.#eater = undefined;
  }
}

/** Unfinished, and nobody is at it. */
function isFree({ db }: LayerStoreContext, id: string): boolean {
  const owner = db
    .prepare(`SELECT coalesce(owner, '') FROM layers WHERE id = ? AND incomplete = 1 AND NOT (${IS_DAMAGED})`)
    .pluck()
    .get(id);
  return typeof owner === 'string' && (owner === '' || !isAlive(parseIdentity(owner)));
}

/** Whatever is wrong with it, the blob can be fetched anew. */
function* tarOf(context: LayerStoreContext, { parts }: Checkpoint): Generator<Buffer, void> {
  try {
    let from = 0;
    for (const { layer, to } of parts) {
      yield* layerRange(context, { id: layer, from, to });
      from = to;
    }
  } catch (error) {
    throw new IntegrityError(`what an earlier attempt has left cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
