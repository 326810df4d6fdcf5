import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, NotFoundError, UsageError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { lookUpImage } from '../image/resolve.ts';
import { formatIdentity, isAlive, ownIdentity, parseIdentity } from '../native/process-identity.ts';
import { copyUpVolume, createVolume, findVolume, removeVolume, type VolumeRecord } from '../libpod/volume.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { type CreateVolumeRequest, pair } from './volumes.ts';

/**
 * `--driver image`: a volume that begins with the files of an image, which has to be here. They are copied, so that the image may go. A
 * volume whose maker was killed on the way is filled again by whoever makes it with `ignore`.
 */
export async function createImageVolume(engine: Engine, request: CreateVolumeRequest): Promise<string> {
  const options = Object.fromEntries(request.options.map(pair));
  const { image: name = '', ...others } = options;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new UsageError(`invalid option ${JSON.stringify(other)} for the image volume driver`);
  if (name === '')
    throw new UsageError('must provide an image with the option image= for the image volume driver');
  if (request.uid !== undefined || request.gid !== undefined)
    throw new UsageError(
      '--uid and --gid do not go with --driver image: files have the owners that the image gives them',
    );
  const old = request.name === undefined ? undefined : findVolume(engine, request.name);
  if (old !== undefined && !request.ignore)
    throw new AlreadyExistsError(`volume with name ${old.name} already exists: volume already exists`);
  if (old !== undefined && (old.driver !== 'image' || !old.needsCopyUp)) return old.name;
  const image = await imageOf(engine, old?.options['image'] ?? name);
  const volume =
    old ??
    createVolume(engine, {
      name: request.name ?? newId(),
      driver: 'image',
      anonymous: request.name === undefined,
      labels: Object.fromEntries(request.labels.map(pair)),
      options,
      ignoreExisting: request.ignore,
    });
  crashPoint('image-volume-before-fill');
  try {
    await fill(engine, volume, image);
  } catch (error) {
    if (old === undefined) await removeVolume(engine, volume.name);
    throw error;
  }
  return volume.name;
}

async function imageOf(engine: Engine, name: string): Promise<ImageRecord> {
  const found = await lookUpImage(engine.store.images, name, { shortNames: 'podman' });
  if (found !== undefined) return found.image;
  throw new NotFoundError('image', name, {
    message: `looking up image ${name} to create volume failed: image not known`,
    hint: `pull it first: tspod pull ${name}`,
  });
}

async function fill(engine: Engine, volume: VolumeRecord, image: ImageRecord): Promise<void> {
  // What is there of an attempt that was killed.
  for (const name of readdirSync(volume.mountpoint))
    rmSync(join(volume.mountpoint, name), { recursive: true, force: true });
  removeStale(engine);
  const place = join(placesOf(engine), `${formatIdentity(ownIdentity())}.${newId().slice(0, 12)}`);
  const rootfs = join(place, 'merged');
  mkdirSync(place, { recursive: true, mode: 0o700 });
  try {
    await engine.store.rootfs.mountLayers(image.topLayerId, rootfs);
    crashPoint('image-volume-before-copy');
    await copyUpVolume(engine, volume, { rootfs, destination: '/', user: { uid: 0, gid: 0 } });
  } finally {
    unmount(engine, place);
  }
}

/** Where images are mounted while they are copied, each by a process and under its name. */
function placesOf({ paths }: Engine): string {
  return join(paths.runRoot, 'image-volumes');
}

/** Mounts of processes that were killed. */
function removeStale(engine: Engine): void {
  const places = placesOf(engine);
  if (!existsSync(places)) return;
  for (const name of readdirSync(places))
    if (!isAlive(parseIdentity(name.slice(0, name.lastIndexOf('.'))))) unmount(engine, join(places, name));
}

function unmount(engine: Engine, place: string): void {
  engine.store.rootfs.unmountLayers(join(place, 'merged'));
  rmSync(place, { recursive: true, force: true });
}
