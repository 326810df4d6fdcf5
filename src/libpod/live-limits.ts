import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UnsupportedError } from '../base/errors.ts';
import type { ResourcesSpec } from '../specgen/container-spec.ts';
import type { CgroupPlaces } from './cgroup-places.ts';

interface Limit {
  member: keyof ResourcesSpec;
  /** Of cgroup v1; the first file counts that the kernel has. */
  controller: string;
  files: readonly (readonly [file: string, standard: string])[];
  /** The same of v2, as far as it has one. */
  unified?: readonly (readonly [file: string, standard: string])[];
}

/** In this order: no budget may be more than its period. */
const LIFTED: readonly Limit[] = [
  {
    member: 'cpuShares',
    controller: 'cpu',
    files: [['cpu.shares', '1024']],
    unified: [['cpu.weight', '100']],
  },
  { member: 'cpuPeriod', controller: 'cpu', files: [['cpu.cfs_period_us', '100000']] },
  { member: 'cpuRtRuntime', controller: 'cpu', files: [['cpu.rt_runtime_us', '0']] },
  { member: 'cpuRtPeriod', controller: 'cpu', files: [['cpu.rt_period_us', '1000000']] },
  {
    member: 'blkioWeight',
    controller: 'blkio',
    files: [
      ['blkio.weight', '500'],
      ['blkio.bfq.weight', '100'],
    ],
    unified: [
      ['io.bfq.weight', 'default 100'],
      ['io.weight', 'default 100'],
    ],
  },
];

/**
 * Writes what no runtime, or not each of them, changes in an update: the swappiness, and the kernel's own value where a limit is lifted,
 * for to runtimes an absent limit is one to be left alone.
 */
export function writeLeftOut(places: CgroupPlaces, change: { old: ResourcesSpec; now: ResourcesSpec }): void {
  const { old, now } = change;
  const swappiness = now.memorySwappiness;
  const memory = places.get('memory');
  if (memory !== undefined && swappiness !== undefined && swappiness !== old.memorySwappiness)
    write(join(memory, 'memory.swappiness'), `${swappiness}`);
  for (const limit of LIFTED) if (old[limit.member] && !now[limit.member]) lift(places, limit);
}

function lift(places: CgroupPlaces, { controller, files, unified = [] }: Limit): void {
  const own = places.get(controller);
  const [directory, choices] = own === undefined ? [places.get(''), unified] : [own, files];
  if (directory === undefined) return;
  const found = choices.find(([file]) => existsSync(join(directory, file)));
  if (found !== undefined) write(join(directory, found[0]), found[1]);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UnsupportedError(
      `cannot change a limit of the running container: ${path}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
