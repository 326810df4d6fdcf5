import { InvalidSpecError } from '../base/errors.ts';
import type { KubeDocument } from './documents.ts';
import { type Field, pairsOf, pathOf } from './field.ts';
import type { ConfigMapData } from './sources.ts';

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

export function configMapOf({ members }: KubeDocument): ConfigMapData {
  const data = members('data');
  const binary = members('binaryData');
  return new Map([
    ...Object.entries(pairsOf(data)).map(([key, text]) => [checkKey(key, data), Buffer.from(text)] as const),
    ...Object.entries(pairsOf(binary)).map(
      ([key, text]) => [checkKey(key, binary), decodeBase64(text, key, binary)] as const,
    ),
  ]);
}

/** Keys become names of files. */
export function checkKey(key: string, field: Field | undefined): string {
  if (KEY.test(key) && key !== '.' && !key.startsWith('..')) return key;
  throw new InvalidSpecError(
    `${field?.path ?? 'data'}: key ${JSON.stringify(key)} must consist of letters, digits, hyphens, dots and underscores`,
  );
}

/** The value is not told: it may be a secret. */
export function decodeBase64(text: string, key: string, field: Field | undefined): Buffer {
  const packed = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed) || packed.length % 4 !== 0)
    throw new InvalidSpecError(`${field === undefined ? key : pathOf(field, key)}: must be base64`);
  return Buffer.from(packed, 'base64');
}
