import { resolve } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import { containerPath } from './container-path.ts';
import type { MountSpec } from './container-spec.ts';
import { parseBoolean, splitCommas, splitOnce } from './key-value.ts';
import { completeMountOptions, completeTmpfsOptions } from './mount-options.ts';
import type { SpecContext } from './spec-context.ts';
import { volumeName } from './volume-flag.ts';

interface MountFields {
  source: string | undefined;
  destination: string | undefined;
  subpath: string | undefined;
  create: boolean;
  options: string[];
}

type MountType = 'bind' | 'volume' | 'tmpfs' | 'devpts';

/** `--mount type=TYPE,key=value,…` */
export function parseMountFlag(text: string, context: Pick<SpecContext, 'cwd' | 'newVolumeName'>): MountSpec {
  const pairs = splitCommas(text);
  const type = mountType(pairs);
  const fields: MountFields = {
    source: undefined,
    destination: undefined,
    subpath: undefined,
    create: false,
    options: [],
  };
  for (const pair of pairs) {
    const [key, value] = splitOnce(pair.trim(), '=');
    if (key !== 'type' && key !== '') readField({ type, key, value, fields });
  }
  if (fields.destination === undefined)
    throw new InvalidSpecError(`invalid --mount "${text}": must set volume destination`);
  const destination = containerPath(fields.destination);
  if (type === 'tmpfs') return { type, destination, ...completeTmpfsOptions(fields.options) };
  if (type === 'devpts') return { type, destination, options: fields.options };
  const options = completeMountOptions(fields.options, type);
  if (type === 'volume') {
    const subpath = fields.subpath === undefined ? {} : { subpath: fields.subpath };
    const name = fields.source === undefined ? context.newVolumeName() : volumeName(fields.source);
    return { type, name, anonymous: fields.source === undefined, destination, options, ...subpath };
  }
  if (fields.source === undefined)
    throw new InvalidSpecError(`invalid --mount "${text}": must set the source of a bind mount`);
  return {
    type,
    source: resolve(context.cwd, fields.source),
    destination,
    options,
    recursive: options.includes('rbind'),
    ...(fields.create ? { create: true } : {}),
  };
}

function mountType(pairs: string[]): MountType {
  const types = pairs.flatMap((pair) => (pair.trim().startsWith('type=') ? [pair.trim().slice(5)] : []));
  if (types.length > 1) throw new InvalidSpecError('the type of a mount can only be given once');
  const type = types[0] ?? 'volume';
  if (type === 'bind' || type === 'volume' || type === 'tmpfs' || type === 'devpts') return type;
  if (['image', 'glob', 'ramfs', 'artifact', 'npipe', 'cluster'].includes(type))
    throw new UnsupportedError(`mounts of type ${type} are not supported yet`);
  throw new InvalidSpecError(`invalid filesystem type "${type}"`, {
    hint: 'types of --mount: bind, volume, tmpfs, devpts',
  });
}

function readField(field: {
  type: MountType;
  key: string;
  value: string | undefined;
  fields: MountFields;
}): void {
  const { type, key, value, fields } = field;
  const need = (): string => {
    if (value === undefined || value === '')
      throw new InvalidSpecError(`${key}: invalid mount option: no value`);
    return value;
  };
  const isOn = (): boolean => {
    const on = value === undefined ? true : parseBoolean(value);
    if (on === undefined)
      throw new InvalidSpecError(`${key}: invalid mount option: "${value}" is not true or false`);
    return on;
  };
  switch (key) {
    case 'src':
    case 'source':
      if (type === 'tmpfs' || type === 'devpts')
        throw new InvalidSpecError(`a ${type} mount must not have a source`);
      fields.source = value === '' ? undefined : need();
      return;
    case 'dst':
    case 'destination':
    case 'target':
      fields.destination = need();
      return;
    case 'ro':
    case 'readonly':
      fields.options.push(isOn() ? 'ro' : 'rw');
      return;
    case 'rw':
      fields.options.push(isOn() ? 'rw' : 'ro');
      return;
    case 'U':
    case 'chown':
      if (isOn()) fields.options.push('U');
      return;
    case 'consistency':
      return;
  }
  if (BARE_OPTIONS.has(key) && value === undefined) {
    fields.options.push(key);
    return;
  }
  readTypedField({ ...field, need, isOn });
}

const BARE_OPTIONS = new Set(['suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec']);

function readTypedField(field: {
  type: MountType;
  key: string;
  value: string | undefined;
  fields: MountFields;
  need(): string;
  isOn(): boolean;
}): void {
  const { type, key, value, fields, need, isOn } = field;
  switch (`${type} ${key}`) {
    case 'bind bind-propagation':
      fields.options.push(need());
      return;
    case 'bind bind-nonrecursive':
      fields.options.push(isOn() ? 'bind' : 'rbind');
      return;
    case 'bind bind-create-src':
    case 'bind create-src':
      fields.create = isOn();
      return;
    case 'bind relabel':
      fields.options.push(relabel(need()));
      return;
    case 'volume nocopy':
    case 'volume volume-nocopy':
      fields.options.push(isOn() ? 'nocopy' : 'copy');
      return;
    case 'volume subpath':
    case 'volume volume-subpath':
      fields.subpath = subpath(need());
      return;
    case 'tmpfs tmpfs-size':
      fields.options.push(`size=${parseSize(need(), 'tmpfs-size')}`);
      return;
    case 'tmpfs tmpfs-mode':
      if (!/^[0-7]{1,4}$/.test(need())) throw new InvalidSpecError(`invalid tmpfs-mode "${need()}"`);
      fields.options.push(`mode=${need()}`);
      return;
    case 'tmpfs tmpcopyup':
    case 'tmpfs notmpcopyup':
      fields.options.push(isOn() === (key === 'tmpcopyup') ? 'tmpcopyup' : 'notmpcopyup');
      return;
    case 'devpts uid':
    case 'devpts gid':
    case 'devpts max':
    case 'devpts mode':
      if (!/^\d+$/.test(need())) throw new InvalidSpecError(`invalid ${key} "${need()}" of a devpts mount`);
      fields.options.push(`${key}=${need()}`);
      return;
    case 'bind idmap':
    case 'volume idmap':
      fields.options.push(
        value === undefined || value === '' || value === 'true' ? 'idmap' : `idmap=${value}`,
      );
      return;
    case 'volume volume-opt':
    case 'volume volume-label':
    case 'volume volume-driver':
      throw new UnsupportedError(`mount option ${key} is not supported yet`);
    default:
      throw new InvalidSpecError(`${key}: invalid mount option for type ${type}`);
  }
}

function relabel(value: string): string {
  if (value === 'shared') return 'z';
  if (value === 'private') return 'Z';
  throw new InvalidSpecError(`invalid relabel "${value}": must be shared or private`);
}

/** Resolved beneath the volume by the engine; an absolute or climbing one is refused here already. */
function subpath(path: string): string {
  if (path.startsWith('/') && path !== '/') return subpath(path.replace(/^\/+/, ''));
  if (path.split('/').includes('..'))
    throw new InvalidSpecError(`invalid subpath "${path}": must not contain ..`);
  return path;
}
