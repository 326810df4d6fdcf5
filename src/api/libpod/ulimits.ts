import { numberIn, objectsIn, textIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';

/** `r_limits` of a body as `--ulimit` takes them; undefined: it has none. */
export function ulimitsIn(body: JsonObject): string[] | undefined {
  const limits = objectsIn(body, 'r_limits');
  if (limits.length === 0) return undefined;
  return limits.map(
    (limit) =>
      `${textIn(limit, 'type') ?? ''}=${numberIn(limit, 'soft') ?? 0}:${numberIn(limit, 'hard') ?? 0}`,
  );
}
