import { GoDuration } from './go-duration-value.ts';
import { isMap } from './go-value.ts';

/** What a function of templates complains about; execute.ts adds where. */
export class FunctionError extends Error {}

type Kind = 'bool' | 'number' | 'string' | 'nil' | 'other';

/** `eq a b …`: whether a equals any of the others. */
export function equalsAny(first: unknown, others: readonly unknown[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison');
  return others.some((other) => equals(first, other));
}

export function equals(a: unknown, b: unknown): boolean {
  const kinds = [kindOf(a), kindOf(b)];
  if (kinds.includes('other')) {
    if (kinds[0] !== kinds[1]) return false;
    if (Array.isArray(a) || isMap(a)) throw new FunctionError('non-comparable type');
    return a === b;
  }
  if (kinds[0] !== kinds[1]) {
    if (kinds.includes('nil')) return false;
    throw new FunctionError('incompatible types for comparison');
  }
  return kinds[0] === 'nil' || (kinds[0] === 'number' ? Number(a) === Number(b) : a === b);
}

export function isLess(a: unknown, b: unknown): boolean {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) throw new FunctionError('incompatible types for comparison');
  if (kind === 'number') return Number(a) < Number(b);
  if (kind === 'string') return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b))) < 0;
  throw new FunctionError('invalid type for comparison');
}

function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof GoDuration) return 'number';
  if (typeof value === 'string') return 'string';
  return 'other';
}
