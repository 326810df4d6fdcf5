import type { FlagValue } from '../../flag.ts';

/** podman's -1: as long as it takes. */
const FOR_EVER_SECONDS = 10 * 365 * 24 * 3600;

/** `--time` in seconds; undefined when it was not given. */
export function stopTimeout(value: FlagValue): number | undefined {
  if (typeof value !== 'number') return undefined;
  return value < 0 ? FOR_EVER_SECONDS : value;
}
