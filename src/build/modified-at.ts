import type { Build } from './build.ts';

/** The time that files of new layers get, in seconds; undefined: their own. */
export function modifiedAt({ options }: Build): number | undefined {
  const { timestamp, rewriteTimestamps } = options.result;
  return rewriteTimestamps ? timestamp : undefined;
}
