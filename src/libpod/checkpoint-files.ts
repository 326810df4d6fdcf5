import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { IntegrityError } from '../base/errors.ts';
import type { Paths } from '../base/paths.ts';
import type { NetworkStatus } from '../network/backend.ts';
import { syncFileSystem } from '../storage/new-layer.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

/**
 * A checkpoint on disk: `<graph root>/containers/<id>/checkpoint` holds CRIU's images and what else a restore needs, under podman's names.
 * While one is made it is in `checkpoint.new` beside, so that there is always a whole one or none.
 */
export interface CheckpointPaths {
  whole: string;
  unfinished: string;
  /** CRIU's images in `whole`. */
  images: string;
}

/** Names in such a directory, and in exported archives. */
export const CHECKPOINT_FILES = {
  images: 'checkpoint',
  preImages: 'pre-checkpoint',
  config: 'config.dump',
  spec: 'spec.dump',
  network: 'network.status',
  shm: 'devshm-checkpoint.tar',
  rootfs: 'rootfs-diff.tar',
  deleted: 'deleted.files',
  volumes: 'volumes',
  log: 'ctr.log',
  dumpLog: 'dump.log',
  restoreLog: 'restore.log',
  dumpStatistics: 'stats-dump',
  restoreStatistics: 'stats-restore',
} as const;

export function checkpointPaths(paths: Paths, id: string): CheckpointPaths {
  const { directory } = containerPaths(paths, id);
  const whole = `${directory}/checkpoint`;
  return { whole, unfinished: `${whole}.new`, images: join(whole, CHECKPOINT_FILES.images) };
}

/** CRIU writes it last; only then it ends the processes. */
const INVENTORY = 'inventory.img';

export function hasImages(directory: string): boolean {
  return existsSync(join(directory, CHECKPOINT_FILES.images, INVENTORY));
}

/** Of a container that was to end with a checkpoint and has ended: whether it did so by that. */
export function hasEndedByCheckpoint(libpod: Libpod, id: string): boolean {
  const { unfinished } = checkpointPaths(libpod.paths, id);
  // Gone: it was completed by somebody who was killed then.
  return !existsSync(unfinished) || hasImages(unfinished);
}

/** Puts an unfinished checkpoint in the place of the last one. What it needs of the running container has to be there still. Idempotent. */
export async function completeCheckpoint(libpod: Libpod, record: ContainerRecord): Promise<void> {
  const { whole, unfinished } = checkpointPaths(libpod.paths, record.id);
  if (!existsSync(unfinished)) return;
  saveShm(libpod, record, join(unfinished, CHECKPOINT_FILES.shm));
  if (existsSync(join(unfinished, CHECKPOINT_FILES.preImages))) linkPrevious(unfinished);
  // The processes whose memory this is are gone, or will be.
  await syncFileSystem(libpod.syscalls, unfinished);
  crashPoint('checkpoint-before-complete');
  await libpod.syscalls.removeTree(whole);
  renameSync(unfinished, whole);
  syncDirectory(dirname(whole));
  crashPoint('checkpoint-after-complete');
}

/** The link of images to those that they build on: CRIU makes an absolute one, which is wrong at any other place. */
function linkPrevious(directory: string): void {
  const link = join(directory, CHECKPOINT_FILES.images, 'parent');
  rmSync(link, { force: true });
  symlinkSync(`../${CHECKPOINT_FILES.preImages}`, link);
}

/** What is mounted from outside is not part of CRIU's images: so is the /dev/shm that other containers may join. */
function saveShm(libpod: Libpod, record: ContainerRecord, file: string): void {
  if (record.spec.namespaces.ipc.mode !== 'shareable') return;
  const { shm } = containerPaths(libpod.paths, record.id);
  if (!existsSync(shm)) return;
  const tree = treeAt(libpod, shm, `in /dev/shm of container ${record.name}`);
  try {
    writePieces(file, archiveTree(tree, '', { name: '.' }));
  } finally {
    tree.close();
  }
}

export function writePieces(file: string, pieces: Iterable<Buffer>): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
  } finally {
    closeSync(fd);
  }
}

export function treeAt(libpod: Libpod, directory: string, where: string): FileTree {
  const rootFd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return new FileTree({ system: libpod.syscalls, rootFd, mounts: [], readOnly: false, where });
}

/** An empty `checkpoint.new`. */
export async function beginFiles(libpod: Libpod, id: string): Promise<string> {
  const { unfinished } = checkpointPaths(libpod.paths, id);
  await libpod.syscalls.removeTree(unfinished);
  mkdirSync(unfinished, { mode: 0o700 });
  return unfinished;
}

/** podman's form of what the network gave the container. */
export function networkStatus({ networks }: NetworkStatus): Record<string, unknown> {
  const entries = Object.entries(networks).map(([name, { interfaces, dnsServers, dnsSearch }]) => [
    name,
    {
      interfaces: Object.fromEntries(
        interfaces.map(({ name: device, addresses, mac }) => [
          device,
          { subnets: addresses, mac_address: mac },
        ]),
      ),
      dns_server_ips: dnsServers,
      dns_search_domains: dnsSearch,
    },
  ]);
  return Object.fromEntries(entries);
}

export interface SavedInterface {
  name: string;
  mac: string | undefined;
  /** Addresses without the length of their prefix. */
  ips: string[];
}

/** The first interface of each network in a `network.status`; undefined when there is no such file. It may come from outside. */
export function readSavedInterfaces(directory: string): Map<string, SavedInterface> | undefined {
  const file = join(directory, CHECKPOINT_FILES.network);
  if (!existsSync(file)) return undefined;
  const saved = new Map<string, SavedInterface>();
  for (const [network, status] of Object.entries(objectIn(readJsonFile(file)))) {
    const [first] = Object.entries(objectIn(objectIn(status)['interfaces']));
    if (first === undefined) continue;
    const { mac_address: mac, subnets } = objectIn(first[1]);
    const ips = (Array.isArray(subnets) ? subnets : []).flatMap((subnet) => {
      const { ipnet } = objectIn(subnet);
      return typeof ipnet === 'string' ? [ipnet.replace(/\/.*$/, '')] : [];
    });
    saved.set(network, { name: first[0], mac: typeof mac === 'string' ? mac : undefined, ips });
  }
  return saved;
}

/** Anything that is no object counts as an empty one. */
export function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** A file of a checkpoint that is JSON. IntegrityError when it is not. */
export function readJsonFile(file: string): unknown {
  return parseJson(readFileSync(file, 'utf8'), basename(file));
}

/** The same of one that has been read. */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new IntegrityError(`${name} of the checkpoint cannot be read as JSON`, { cause: error });
  }
}
