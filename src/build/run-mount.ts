import { basename, posix } from 'node:path';
import { parseSize } from '../base/sizes.ts';
import { suggest } from '../base/suggest.ts';
import type { RunMount } from './instruction.ts';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
type MountType = (typeof TYPES)[number];

const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};
const SWITCHES: ReadonlySet<string> = new Set(['readonly', 'readwrite', 'required', 'z', 'Z', 'tmpcopyup']);
const OWNER = ['mode', 'uid', 'gid'] as const;

const KEYS: Readonly<Record<MountType, readonly string[]>> = {
  bind: ['source', 'target', 'from', 'readonly', 'readwrite', 'relabel', 'z', 'Z'],
  cache: ['id', 'source', 'target', 'from', 'sharing', 'readonly', 'readwrite', 'z', 'Z', ...OWNER],
  tmpfs: ['target', 'size', 'mode', 'readonly', 'readwrite'],
  secret: ['id', 'source', 'target', 'env', 'required', ...OWNER],
  ssh: ['id', 'target', 'required', ...OWNER],
};

/** `--mount` of RUN; each value is expanded by itself. Throws Error with the reason. */
export function parseRunMount(text: string, expand: (word: string) => string): RunMount {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const written = equals < 0 ? field : field.slice(0, equals);
    const lower = written === 'Z' ? written : written.toLowerCase();
    const key = ALIASES[lower] ?? lower;
    if (equals < 0 && !SWITCHES.has(key))
      throw new Error(`${JSON.stringify(field)} is not of the form key=value`);
    fields.set(key, equals < 0 ? 'true' : expand(field.slice(equals + 1)));
  }
  const typed = (fields.get('type') ?? 'bind').toLowerCase();
  const type = TYPES.find((each) => each === typed);
  if (type === undefined)
    throw new Error(`unsupported mount type ${JSON.stringify(typed)}${orMeant(typed, TYPES)}`);
  fields.delete('type');
  for (const key of fields.keys())
    if (!KEYS[type].includes(key))
      throw new Error(`a ${type} mount has no ${JSON.stringify(key)}${orMeant(key, KEYS[type])}`);
  return MAKERS[type](new MountFields(fields));
}

const MAKERS: Readonly<Record<MountType, (fields: MountFields) => RunMount>> = {
  bind: (fields) => ({
    type: 'bind',
    target: fields.target(),
    source: fields.text('source') ?? '/',
    from: fields.text('from'),
    readWrite: fields.isOn('readwrite') ?? fields.isOn('readonly') === false,
    selinux: fields.selinux(),
  }),
  cache: (fields) => ({
    type: 'cache',
    target: fields.target(),
    id: fields.text('id') ?? posix.normalize(fields.target()),
    readOnly: fields.isOn('readonly') ?? fields.isOn('readwrite') === false,
    sharing: fields.oneOf('sharing', ['shared', 'private', 'locked']) ?? 'shared',
    from: fields.text('from'),
    source: fields.text('source') ?? '/',
    mode: fields.mode() ?? 0o755,
    uid: fields.number('uid') ?? 0,
    gid: fields.number('gid') ?? 0,
  }),
  tmpfs: (fields) => {
    const size = fields.text('size');
    return {
      type: 'tmpfs',
      target: fields.target(),
      size: size === undefined ? undefined : parseSize(size, 'size'),
      mode: fields.mode(),
    };
  },
  secret: (fields) => {
    const env = fields.text('env');
    const target = fields.text('target');
    const id =
      fields.text('id') ?? fields.text('source') ?? (target === undefined ? undefined : basename(target));
    if (id === undefined || id === '') throw new Error('a secret mount needs an id or a target');
    return {
      type: 'secret',
      id,
      target: target ?? (env === undefined ? `/run/secrets/${basename(id)}` : undefined),
      env,
      required: fields.isOn('required') ?? false,
      mode: fields.mode() ?? 0o400,
      uid: fields.number('uid') ?? 0,
      gid: fields.number('gid') ?? 0,
    };
  },
  ssh: (fields) => ({
    type: 'ssh',
    id: fields.text('id') ?? 'default',
    target: fields.text('target'),
    required: fields.isOn('required') ?? false,
    mode: fields.mode() ?? 0o600,
    uid: fields.number('uid') ?? 0,
    gid: fields.number('gid') ?? 0,
  }),
};

class MountFields {
  readonly #fields: ReadonlyMap<string, string>;

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields;
  }

  text(key: string): string | undefined {
    return this.#fields.get(key);
  }

  target(): string {
    const target = this.text('target') ?? '';
    if (target === '') throw new Error('the mount has no target');
    return target;
  }

  isOn(key: string): boolean | undefined {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined) return undefined;
    if (['1', 't', 'true'].includes(text)) return true;
    if (['0', 'f', 'false'].includes(text)) return false;
    throw new Error(`${key} is true or false, not ${JSON.stringify(text)}`);
  }

  mode(): number | undefined {
    const text = this.text('mode');
    if (text === undefined) return undefined;
    if (!/^[0-7]{1,5}$/.test(text)) throw new Error(`mode takes octal digits, not ${JSON.stringify(text)}`);
    return Number.parseInt(text, 8);
  }

  number(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,10}$/.test(text)) throw new Error(`${key} takes a number, not ${JSON.stringify(text)}`);
    return Number(text);
  }

  oneOf<const T extends string>(key: string, values: readonly T[]): T | undefined {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new Error(`${key} is ${values.join(', ')}, not ${JSON.stringify(text)}${orMeant(text, values)}`);
  }

  selinux(): 'z' | 'Z' | undefined {
    const relabel = this.oneOf('relabel', ['shared', 'private']);
    if (this.isOn('Z') === true || relabel === 'private') return 'Z';
    return this.isOn('z') === true || relabel === 'shared' ? 'z' : undefined;
  }
}

function orMeant(typed: string, names: readonly string[]): string {
  const [best] = suggest(typed, names);
  return best === undefined ? '' : `: did you mean ${best}?`;
}
