import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UnsupportedError } from '../base/errors.ts';
import type { OciRate, OciResources } from '../oci/runtime-spec.ts';
import { cgroupPlaces } from './cgroup-places.ts';

type BlockIo = NonNullable<OciResources['blockIO']>;

const V1_FILES = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const;

/**
 * Gives a running container other limits for single block devices: not every runtime does it in an update. What is no longer limited is
 * freed.
 */
export function writeDeviceLimits(pid: number, id: string, change: { old: BlockIo; now: BlockIo }): void {
  const places = cgroupPlaces(pid, id);
  const blkio = places.get('blkio');
  const unified = places.get('');
  for (const [member, file, word] of V1_FILES) {
    const now = change.now[member] ?? [];
    const freed = (change.old[member] ?? []).filter((before) => !now.some((each) => isSame(each, before)));
    for (const { major, minor, rate } of [...freed.map((each) => ({ ...each, rate: 0 })), ...now]) {
      const device = `${major}:${minor}`;
      if (blkio !== undefined) write(join(blkio, file), `${device} ${rate}`);
      else if (unified !== undefined && existsSync(join(unified, 'io.max')))
        write(join(unified, 'io.max'), `${device} ${word}=${rate === 0 ? 'max' : rate}`);
    }
  }
}

function isSame(one: OciRate, other: OciRate): boolean {
  return one.major === other.major && one.minor === other.minor;
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
