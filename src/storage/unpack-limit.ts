import { statfsSync } from 'node:fs';
import { IntegrityError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';

/** To be told of all bytes so far, packed and unpacked; throws when these are too many. */
export type UnpackGuard = (packed: number, unpacked: number) => void;

export const UNPACK_LIMIT = 'TSPOD_UNPACK_LIMIT';
/** What is worth keeping is rarely packed to a tenth; zeros are to a thousandth by gzip, to less by zstd. */
const SUSPICIOUS_RATIO = 200;

/**
 * Against archives that are made to fill the disk. What unpacks to more than 200 times its size may take half of the space that is free
 * at its start in `directory`; more honest things may fill the disk. $TSPOD_UNPACK_LIMIT sets one size for all of them instead, 0
 * none.
 */
export function unpackGuard(
  what: string,
  directory: string,
  setting: string | undefined = process.env[UNPACK_LIMIT],
): UnpackGuard {
  const chosen = setting ? parseSize(setting, UNPACK_LIMIT) : undefined;
  const limit = chosen === 0 ? Number.POSITIVE_INFINITY : (chosen ?? freeSpace(directory) / 2);
  const ratio = chosen === undefined ? SUSPICIOUS_RATIO : 0;
  return (packed, unpacked) => {
    if (unpacked <= limit || unpacked <= packed * ratio) return;
    throw new IntegrityError(`${what}: ${packed} bytes unpack to more than ${Math.floor(limit)}`, {
      hint: `if that is no mistake, allow it: ${UNPACK_LIMIT}=20g, or 0 for no limit`,
    });
  };
}

function freeSpace(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
