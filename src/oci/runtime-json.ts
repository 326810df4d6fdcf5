import type { OciProcess, RuntimeSpec } from './runtime-spec.ts';

/**
 * RLIM_INFINITY is 2^64-1, which no double holds: in memory it is 2^64 (what JSON.parse makes of it), in the file it must be the
 * exact number, or a runtime written in Go refuses the document.
 */
export const UNLIMITED = 2 ** 64;

/** JSON for the runtime: config.json and exec's process.json. Documents read back with JSON.parse survive the round trip. */
export function stringifyRuntimeJson(value: RuntimeSpec | OciProcess): string {
  return JSON.stringify(value, (_key, item: unknown) => (item === UNLIMITED ? RAW_UNLIMITED : item));
}

/** Missing in TypeScript's library so far. */
const json = JSON as typeof JSON & { rawJSON(text: string): unknown };
const RAW_UNLIMITED = json.rawJSON('18446744073709551615');
