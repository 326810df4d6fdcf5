import { UsageError } from '../../../base/errors.ts';
import type { FlagValues } from '../../flag.ts';

/**
 * `--preserve-fds` and `--preserve-fd`: the caller's descriptors that the program gets under the same numbers, from 3 on; -1 stands for
 * one between them that it does not get.
 */
export function preservedFds(flags: FlagValues): number[] {
  const { preserveFds: count, preserveFd: list } = flags;
  if (list === undefined && typeof count !== 'number') return [];
  if (list !== undefined && count !== undefined)
    throw new UsageError('cannot set both --preserve-fds and --preserve-fd');
  const wanted =
    typeof count === 'number' ? Array.from({ length: count }, (_, i) => FIRST + i) : numbers(list);
  if (typeof count === 'number' && (count < 0 || count > HIGHEST))
    throw new UsageError(`invalid --preserve-fds ${count}: must be from 0 to ${HIGHEST}`);
  const passed = new Set((process.env['_TSPOD_DESCRIPTORS'] ?? '').split(',').filter(Boolean).map(Number));
  delete process.env['_TSPOD_DESCRIPTORS'];
  const missing = wanted.find((fd) => !passed.has(fd));
  if (missing !== undefined)
    throw new UsageError(
      `file descriptor ${missing} is not available - the preserve-fds option requires that file descriptors must be passed`,
    );
  const length = Math.max(FIRST - 1, ...wanted) - FIRST + 1;
  return Array.from({ length }, (_, i) => (wanted.includes(FIRST + i) ? FIRST + i : -1));
}

const FIRST = 3;
/** The launcher looks no further. */
const HIGHEST = 1000;

function numbers(list: FlagValues[string]): number[] {
  return (Array.isArray(list) ? list : []).map((word) => {
    const fd = Number(word);
    if (/^\d+$/.test(word) && fd >= FIRST && fd < FIRST + HIGHEST) return fd;
    throw new UsageError(`invalid --preserve-fd ${JSON.stringify(word)}: must be a number of 3 or more`);
  });
}
