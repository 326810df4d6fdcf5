import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UnsupportedError } from '../base/errors.ts';
import { ioWeight } from '../oci/cgroup2-values.ts';
import type { OciResources } from '../oci/runtime-spec.ts';
import { type CgroupPlaces, cgroupPlaces } from './cgroup-places.ts';

type BlockIo = NonNullable<OciResources['blockIO']>;

const V1_FILES = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const;

/** The first that the kernel has; `default` takes a weight away, of the oldest 0. */
const WEIGHT_FILES = {
  blkio: [
    ['blkio.weight_device', '0'],
    ['blkio.bfq.weight_device', 'default'],
  ],
  unified: [
    ['io.bfq.weight', 'default'],
    ['io.weight', 'default'],
  ],
} as const;

/**
 * Gives a running container other limits for single block devices: not every runtime does it in an update. What is no longer limited is
 * freed.
 */
export function writeDeviceLimits(pid: number, id: string, change: { old: BlockIo; now: BlockIo }): void {
  const places = cgroupPlaces(pid, id);
  const blkio = places.get('blkio');
  const unified = places.get('');
  writeWeights(places, change);
  for (const [member, file, word] of V1_FILES) {
    const now = change.now[member] ?? [];
    const freed = withoutNow(change.old[member], now);
    for (const { major, minor, rate } of [...freed.map((each) => ({ ...each, rate: 0 })), ...now]) {
      const device = `${major}:${minor}`;
      if (blkio !== undefined) write(join(blkio, file), `${device} ${rate}`);
      else if (unified !== undefined && existsSync(join(unified, 'io.max')))
        write(join(unified, 'io.max'), `${device} ${word}=${rate === 0 ? 'max' : rate}`);
    }
  }
}

function writeWeights(places: CgroupPlaces, { old, now }: { old: BlockIo; now: BlockIo }): void {
  const blkio = places.get('blkio');
  const directory = blkio ?? places.get('');
  if (directory === undefined) return;
  const files = WEIGHT_FILES[blkio === undefined ? 'unified' : 'blkio'];
  const found = files.find(([file]) => existsSync(join(directory, file)));
  if (found === undefined) return;
  const [file, standard] = found;
  const onScale = (weight: number): number => (file === 'io.weight' ? ioWeight(weight) : weight);
  const weights = now.weightDevice ?? [];
  for (const { major, minor } of withoutNow(old.weightDevice, weights))
    write(join(directory, file), `${major}:${minor} ${standard}`);
  for (const { major, minor, weight } of weights)
    write(join(directory, file), `${major}:${minor} ${weight === 0 ? standard : onScale(weight)}`);
}

interface Numbers {
  major: number;
  minor: number;
}

function withoutNow(old: readonly Numbers[] | undefined, now: readonly Numbers[]): Numbers[] {
  return (old ?? []).filter(
    (before) => !now.some(({ major, minor }) => major === before.major && minor === before.minor),
  );
}

function write(path: string, line: string): void {
  try {
    writeFileSync(path, line);
  } catch (error) {
    throw new UnsupportedError(
      `cannot limit a block device of the running container: ${path}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
