import { posix, resolve } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import { containerPath } from './container-path.ts';
import type { MountSpec } from './container-spec.ts';
import { parseBoolean, splitCommas, splitOnce } from './key-value.ts';
import { completeMountOptions, completeTmpfsOptions, readOnlyBelow } from './mount-options.ts';
import type { SpecContext } from './spec-context.ts';
import { volumeName } from './volume-flag.ts';

interface MountFields {
  source: string | undefined;
  destination: string | undefined;
  subpath: string | undefined;
  create: boolean;
  /** What is mounted below a bind is to be read-only, too. */
  isReadOnlyBelow: boolean;
  options: string[];
  volumeOptions: Record<string, string>;
  volumeLabels: Record<string, string>;
}

type MountType = 'bind' | 'volume' | 'tmpfs' | 'ramfs' | 'devpts' | 'image' | 'glob';

type MountContext = Pick<SpecContext, 'cwd' | 'newVolumeName' | 'glob'>;

/** `--mount type=TYPE,key=value,…`; several only of `type=glob`. */
export function parseMountFlag(text: string, context: MountContext): MountSpec[] {
  const pairs = splitCommas(text);
  const type = mountType(pairs);
  const fields: MountFields = {
    source: undefined,
    destination: undefined,
    subpath: undefined,
    create: false,
    isReadOnlyBelow: false,
    options: [],
    volumeOptions: {},
    volumeLabels: {},
  };
  for (const pair of pairs) {
    const [key, value] = splitOnce(pair.trim(), '=');
    if (key !== 'type' && key !== '') readField({ type, key, value, fields });
  }
  if (type === 'glob') return globMounts(text, fields, context);
  if (fields.destination === undefined)
    throw new InvalidSpecError(`invalid --mount "${text}": must set volume destination`);
  return [mountOf(text, type, { ...fields, destination: containerPath(fields.destination) }, context)];
}

function mountOf(
  text: string,
  type: Exclude<MountType, 'glob'>,
  fields: MountFields & { destination: string },
  context: MountContext,
): MountSpec {
  const { destination } = fields;
  if (type === 'tmpfs') return { type, destination, ...completeTmpfsOptions(fields.options) };
  if (type === 'ramfs')
    return { type: 'tmpfs', ramfs: true, destination, ...completeTmpfsOptions(fields.options) };
  if (type === 'devpts') return { type, destination, options: fields.options };
  const subpath = fields.subpath === undefined ? {} : { subpath: fields.subpath };
  if (type === 'image') {
    if (fields.source === undefined)
      throw new InvalidSpecError(`invalid --mount "${text}": must set source and destination of an image`);
    const options = completeMountOptions([...accessOf(fields.options), 'nosuid', 'nodev'], 'bind');
    return { type, image: fields.source, imageId: '', destination, options, ...subpath };
  }
  const options = completeMountOptions(fields.options, type);
  if (type === 'volume') {
    const { volumeOptions, volumeLabels, source } = fields;
    const name = source === undefined ? context.newVolumeName() : volumeName(source);
    const isMade = Object.keys({ ...volumeOptions, ...volumeLabels }).length > 0;
    const create = isMade ? { create: { options: volumeOptions, labels: volumeLabels } } : {};
    return { type, name, anonymous: source === undefined, destination, options, ...subpath, ...create };
  }
  if (fields.isReadOnlyBelow) options.push(readOnlyBelow(options));
  return bindMount(resolve(context.cwd, fields.source ?? destination), destination, fields, options);
}

function bindMount(
  source: string,
  destination: string,
  { create }: MountFields,
  options: string[],
): MountSpec {
  const recursive = options.includes('rbind');
  return { type: 'bind', source, destination, options, recursive, ...(create ? { create: true } : {}) };
}

/** A bind for each file that is there now: at its own place, or beneath the destination. */
function globMounts(text: string, fields: MountFields, context: MountContext): MountSpec[] {
  if (fields.source === undefined)
    throw new InvalidSpecError(`invalid --mount "${text}": must set the source of a glob mount`);
  const pattern = resolve(context.cwd, fields.source);
  const found = context.glob(pattern);
  if (found.length === 0) throw new InvalidSpecError(`no file paths matching glob "${pattern}"`);
  const options = completeMountOptions(fields.options, 'bind');
  return found.map((source) => {
    const at =
      fields.destination === undefined ? source : posix.join(fields.destination, posix.basename(source));
    return bindMount(source, containerPath(at), fields, options);
  });
}

/** An image is read-only unless it is said not to be. */
function accessOf(options: readonly string[]): string[] {
  return [options.findLast((option) => option === 'ro' || option === 'rw') ?? 'ro'];
}

const TYPES: readonly MountType[] = ['bind', 'volume', 'tmpfs', 'ramfs', 'devpts', 'image', 'glob'];

const ELSEWHERE: Readonly<Record<string, string>> = {
  artifact: 'artifacts are not kept: an image holds files, too (type=image)',
  npipe: 'named pipes of this kind exist on Windows only',
  cluster: 'there is no swarm',
};

function mountType(pairs: string[]): MountType {
  const types = pairs.flatMap((pair) => (pair.trim().startsWith('type=') ? [pair.trim().slice(5)] : []));
  if (types.length > 1) throw new InvalidSpecError('the type of a mount can only be given once');
  const type = types[0] ?? 'volume';
  const known = TYPES.find((each) => each === type);
  if (known !== undefined) return known;
  const why = ELSEWHERE[type];
  if (why !== undefined) throw new UnsupportedError(`mounts of type ${type} are not supported: ${why}`);
  throw new InvalidSpecError(`invalid filesystem type "${type}"`, {
    hint: `types of --mount: ${TYPES.join(', ')}`,
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
      if (type === 'tmpfs' || type === 'ramfs' || type === 'devpts')
        throw new InvalidSpecError(`a ${type} mount must not have a source`);
      fields.source = value === '' ? undefined : need();
      return;
    case 'dst':
    case 'dest':
    case 'destination':
    case 'target':
      fields.destination = need();
      return;
    case 'ro':
    case 'readonly':
      fields.options.push(isOn() ? 'ro' : 'rw');
      return;
    case 'rw':
    case 'readwrite':
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
    case 'glob bind-propagation':
      fields.options.push(need());
      return;
    case 'bind bind-nonrecursive':
    case 'glob bind-nonrecursive':
      fields.options.push(isOn() ? 'bind' : 'rbind');
      return;
    case 'bind bind-recursive':
      fields.isReadOnlyBelow = need() === 'readonly';
      fields.options.push(recursion(need()));
      return;
    case 'bind bind-create-src':
    case 'bind create-src':
      fields.create = isOn();
      return;
    case 'bind relabel':
    case 'glob relabel':
      fields.options.push(relabel(need()));
      return;
    case 'volume nocopy':
    case 'volume volume-nocopy':
      fields.options.push(isOn() ? 'nocopy' : 'copy');
      return;
    case 'volume subpath':
    case 'volume volume-subpath':
    case 'image subpath':
    case 'image image-subpath':
      fields.subpath = subpath(need());
      return;
    case 'tmpfs tmpfs-size':
      fields.options.push(`size=${parseSize(need(), 'tmpfs-size')}`);
      return;
    case 'tmpfs tmpfs-mode':
    case 'ramfs tmpfs-mode':
      if (!/^[0-7]{1,4}$/.test(need())) throw new InvalidSpecError(`invalid tmpfs-mode "${need()}"`);
      fields.options.push(`mode=${need()}`);
      return;
    case 'tmpfs tmpcopyup':
    case 'tmpfs notmpcopyup':
    case 'ramfs tmpcopyup':
    case 'ramfs notmpcopyup':
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
      addPair(fields.volumeOptions, need());
      return;
    case 'volume volume-label':
      addPair(fields.volumeLabels, need());
      return;
    case 'volume volume-driver':
      if (need() !== 'local')
        throw new UnsupportedError(
          `mount option ${key}=${need()} is not supported: there are no volume plugins`,
        );
      return;
    default:
      throw new InvalidSpecError(`${key}: invalid mount option for type ${type}`);
  }
}

function addPair(pairs: Record<string, string>, text: string): void {
  const [key, value = ''] = splitOnce(text, '=');
  pairs[key] = value;
}

/** docker's word; what is mounted below a mount that is read-only stays writable here, unless it says `readonly`. */
function recursion(value: string): string {
  if (value === 'disabled') return 'bind';
  if (value === 'enabled' || value === 'writable' || value === 'readonly') return 'rbind';
  throw new InvalidSpecError(
    `invalid bind-recursive "${value}": must be enabled, disabled, writable or readonly`,
  );
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
