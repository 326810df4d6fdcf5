import { InvalidSpecError } from '../base/errors.ts';
import type { Field } from './field.ts';

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** `500m`, `1.5Gi`, `1e3`, `2`: an amount as Kubernetes writes it. */
export function quantityOf(field: Field): number {
  const { path, value } = field;
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') throw new InvalidSpecError(`${path}: must be an amount`);
  const match = /^\+?(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?$/.exec(text);
  if (match === null)
    throw new InvalidSpecError(`${path}: ${JSON.stringify(text)} is not an amount like 500m or 1Gi`);
  const [, digits = '', exponent, suffix = ''] = match;
  const binary = BINARY.indexOf(suffix);
  const scale =
    exponent === undefined
      ? suffix !== '' && binary > 0
        ? 1024 ** binary
        : 1000 ** (DECIMAL.indexOf(suffix) - 3)
      : 10 ** Number(exponent);
  const amount = Number(digits) * scale;
  if (!Number.isFinite(amount) || amount > Number.MAX_SAFE_INTEGER)
    throw new InvalidSpecError(`${path}: ${JSON.stringify(text)} is too much`);
  return amount;
}
