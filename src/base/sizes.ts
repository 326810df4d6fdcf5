import { UsageError } from './errors.ts';

const UNITS = 'bkmgtpe';

/**
 * `512`, `64m`, `1.5g`, `10MiB`, `2 kB` to bytes; powers of 1024 whatever the spelling, as docker and podman read memory sizes.
 * Where podman reads sizes of disks, it are powers of 1000. Throws UsageError naming `what`.
 */
export function parseSize(text: string, what: string, unit: 1000 | 1024 = 1024): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtpe])?(i?b)?$/i.exec(text.trim());
  if (match === null || (match[2]?.toLowerCase() === 'b' && match[3] !== undefined))
    throw new UsageError(`invalid value for ${what}: invalid size: '${text}'`);
  const power = Math.max(0, UNITS.indexOf((match[2] ?? 'b').toLowerCase()));
  const bytes = Math.trunc(Number(match[1]) * unit ** power);
  if (!Number.isSafeInteger(bytes))
    throw new UsageError(`invalid value for ${what}: '${text}' is larger than any machine's memory`);
  return bytes;
}
