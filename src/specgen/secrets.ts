import { UsageError } from '../base/errors.ts';
import type { SecretUse } from './container-spec.ts';

const MODE = 0o444;
const KEYS = new Set(['source', 'type', 'target', 'uid', 'gid', 'mode']);

/** `NAME[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]`. */
export function secretsFromOptions(texts: readonly string[]): SecretUse[] {
  return texts.map(parseSecret);
}

function parseSecret(text: string): SecretUse {
  const [first = '', ...rest] = text.split(',');
  const words = first.includes('=') ? [first, ...rest] : rest;
  const given = new Map<string, string>(first.includes('=') ? [] : [['source', first]]);
  for (const word of words) {
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    if (!KEYS.has(key))
      throw new UsageError(`invalid --secret ${JSON.stringify(text)}: ${key} is not an option`);
    if (equals < 0) throw new UsageError(`invalid --secret ${JSON.stringify(text)}: ${key} needs a value`);
    given.set(key, word.slice(equals + 1));
  }
  const name = given.get('source');
  if (!name)
    throw new UsageError(`invalid --secret ${JSON.stringify(text)}: the name of the secret is missing`);
  const type = given.get('type') ?? 'mount';
  if (type === 'env') {
    for (const key of ['uid', 'gid', 'mode'])
      if (given.has(key))
        throw new UsageError(`invalid --secret ${JSON.stringify(text)}: ${key} is for type=mount`);
    return { type, name, target: given.get('target') ?? name };
  }
  if (type !== 'mount')
    throw new UsageError(`invalid --secret ${JSON.stringify(text)}: the type is mount or env, not ${type}`);
  const target = given.get('target') ?? name;
  if (target.split('/').includes('..'))
    throw new UsageError(`invalid --secret ${JSON.stringify(text)}: the target must not contain ..`);
  return {
    type,
    name,
    target: target.startsWith('/') ? target : `/run/secrets/${target}`,
    uid: numberIn(given.get('uid'), text, /^\d{1,10}$/, 10) ?? 0,
    gid: numberIn(given.get('gid'), text, /^\d{1,10}$/, 10) ?? 0,
    mode: numberIn(given.get('mode'), text, /^0?[0-7]{1,4}$/, 8) ?? MODE,
  };
}

function numberIn(value: string | undefined, text: string, form: RegExp, base: number): number | undefined {
  if (value === undefined) return undefined;
  if (form.test(value)) return Number.parseInt(value, base);
  throw new UsageError(`invalid --secret ${JSON.stringify(text)}: ${value} is not a number that fits`);
}
