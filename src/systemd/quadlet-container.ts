import { dirname, join } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { imageName } from './quadlet-image.ts';
import { CONTAINER_KEYS, CONTAINER_OPTIONS } from './quadlet-keys.ts';
import { networkName } from './quadlet-network.ts';
import {
  beginService,
  checkKeys,
  command,
  extraWords,
  need,
  needMount,
  optionWords,
  type QuadletContext,
  type QuadletFile,
  serviceNameOf,
} from './quadlet-service.ts';
import { volumeName } from './quadlet-volume.ts';
import { splitWords } from './split-words.ts';
import { addEntry, booleanValue, lastValue, type UnitFile, valuesOf } from './unit-file.ts';

const CIDFILE = '--cidfile=%t/%N.cid';

export function containerName(file: QuadletFile): string {
  return (
    lastValue(file.unit, 'Container', 'ContainerName') ??
    (file.name.includes('@') ? 'systemd-%p_%i' : 'systemd-%N')
  );
}

export function quadletContainerService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Container', [...Object.keys(CONTAINER_OPTIONS), ...CONTAINER_KEYS]);
  const service = beginService(file, 'Container', context);
  const type = lastValue(service, 'Service', 'Type') ?? 'notify';
  if (type !== 'notify' && type !== 'oneshot')
    throw new InvalidSpecError(`${file.path}: invalid service type ${type}: must be notify or oneshot`);
  const notify = type === 'notify' ? [`--sdnotify=${notifyMode(file)}`, '-d'] : [];
  const words = [
    'run',
    `--name=${containerName(file)}`,
    CIDFILE,
    '--replace',
    '--rm',
    `--cgroups=${lastValue(file.unit, 'Container', 'CgroupsMode') ?? 'no-conmon'}`,
    ...notify,
    ...optionWords(file, 'Container', CONTAINER_OPTIONS),
    ...ownWords(file, service, context),
    ...extraWords(file, 'Container'),
    ...source(file, service, context),
    ...valuesOf(file.unit, 'Container', 'Exec').slice(-1).flatMap(splitWords),
  ];
  const set = (key: string, value: string): void => addEntry(service, 'Service', key, value);
  const killMode = lastValue(service, 'Service', 'KillMode') ?? 'mixed';
  if (killMode !== 'mixed' && killMode !== 'control-group')
    throw new InvalidSpecError(`${file.path}: invalid KillMode ${killMode}: must be mixed or control-group`);
  const defaults = { KillMode: 'mixed', Delegate: 'yes', SyslogIdentifier: '%N' };
  for (const [key, value] of Object.entries(defaults))
    if (lastValue(service, 'Service', key) === undefined) set(key, value);
  if (type === 'notify') {
    if (lastValue(service, 'Service', 'Type') === undefined) set('Type', 'notify');
    set('NotifyAccess', 'all');
  }
  set('ExecStart', command(context, file, 'Container', words));
  const remove = command(context, file, 'Container', ['rm', '-v', '-f', '-i', CIDFILE]);
  set('ExecStop', remove);
  set('ExecStopPost', `-${remove}`);
  for (const line of reloadCommands(file, context)) set('ExecReload', line);
  return service;
}

function notifyMode(file: QuadletFile): string {
  if (lastValue(file.unit, 'Container', 'Notify')?.toLowerCase() === 'healthy') return 'healthy';
  return booleanValue(file.unit, 'Container', 'Notify') === true ? 'container' : 'conmon';
}

/** The image, or the directory that is the root. */
function source(file: QuadletFile, service: UnitFile, context: QuadletContext): string[] {
  const name = lastValue(file.unit, 'Container', 'Image');
  const rootfs = lastValue(file.unit, 'Container', 'Rootfs');
  if (name !== undefined && rootfs !== undefined)
    throw new InvalidSpecError(`${file.path}: Image= and Rootfs= exclude each other`);
  if (rootfs !== undefined) return ['--rootfs', rootfs];
  if (name === undefined)
    throw new InvalidSpecError(`${file.path}: there is no Image= (or Rootfs=) in [Container]`);
  if (name.endsWith('.build'))
    throw new InvalidSpecError(`${file.path}: .build files are not supported by tspod`);
  return [name.endsWith('.image') ? imageName(need(service, context, name, file)) : name];
}

/** Keys that are more than an option of their own name. */
function ownWords(file: QuadletFile, service: UnitFile, context: QuadletContext): string[] {
  const all = (key: string): string[] => valuesOf(file.unit, 'Container', key);
  const one = (key: string): string | undefined => lastValue(file.unit, 'Container', key);
  const isSet = (key: string): boolean => booleanValue(file.unit, 'Container', key) === true;
  const words: string[] = [];
  for (const value of all('AddDevice').flatMap(splitWords)) {
    const device = value.replace(/^-/, '');
    const isOptional = device !== value;
    if (!isOptional || context.exists(device.split(':')[0] ?? '')) words.push(`--device=${device}`);
  }
  if (one('AutoUpdate') !== undefined) words.push(`--label=io.containers.autoupdate=${one('AutoUpdate')}`);
  for (const path of all('EnvironmentFile').flatMap(splitWords))
    words.push(`--env-file=${absolute(file, path)}`);
  const [user, group] = [one('User'), one('Group')];
  if (user === undefined && group !== undefined)
    throw new InvalidSpecError(`${file.path}: Group= needs User= as well`);
  if (user !== undefined) words.push(`--user=${user}${group === undefined ? '' : `:${group}`}`);
  if (isSet('NoNewPrivileges')) words.push('--security-opt=no-new-privileges');
  if (isSet('SecurityLabelDisable')) words.push('--security-opt=label=disable');
  if (isSet('SecurityLabelNested')) words.push('--security-opt=label=nested');
  for (const network of all('Network'))
    words.push(`--network=${networkOption(network, file, service, context)}`);
  for (const volume of all('Volume')) words.push(`--volume=${volumeOption(volume, file, service, context)}`);
  for (const mount of all('Mount').flatMap(splitWords))
    words.push(`--mount=${mountOption(mount, file, service, context)}`);
  return words;
}

function networkOption(text: string, file: QuadletFile, service: UnitFile, context: QuadletContext): string {
  const [name = '', ...options] = text.split(':');
  const rest = options.length === 0 ? '' : `:${options.join(':')}`;
  if (name.endsWith('.network')) return `${networkName(need(service, context, name, file))}${rest}`;
  if (!name.endsWith('.container')) return text;
  if (rest !== '') throw new InvalidSpecError(`${file.path}: Network=${text}: a container takes no options`);
  const other = need(service, context, name, file);
  // Specifiers stand for the other unit, not for this one.
  const otherName = containerName(other).replaceAll('%N', serviceNameOf(other));
  if (otherName.includes('%'))
    throw new InvalidSpecError(
      `${file.path}: Network=${text}: its container's name is known to systemd only`,
      {
        hint: 'give it one with ContainerName=',
      },
    );
  return `container:${otherName}`;
}

function volumeOption(text: string, file: QuadletFile, service: UnitFile, context: QuadletContext): string {
  const [from = '', ...rest] = text.split(':');
  return rest.length === 0 ? text : [mountSource(from, file, service, context), ...rest].join(':');
}

/** Kinds of mounts whose source is something of this machine. */
const WITH_SOURCE = ['bind', 'glob', 'image', 'volume'];

function mountOption(text: string, file: QuadletFile, service: UnitFile, context: QuadletContext): string {
  const parts = text.split(',');
  const type = parts.find((part) => part.startsWith('type='))?.slice('type='.length) ?? 'volume';
  if (!WITH_SOURCE.includes(type)) return text;
  return parts
    .map((part) => {
      const [, key, value] = /^(source|src)=(.+)$/.exec(part) ?? [];
      if (key === undefined || value === undefined) return part;
      if (value.endsWith('.image')) return `${key}=${imageName(need(service, context, value, file))}`;
      return `${key}=${mountSource(value, file, service, context)}`;
    })
    .join(',');
}

/** A path, which has to be mounted first, or a volume, which has to be made first. */
function mountSource(text: string, file: QuadletFile, service: UnitFile, context: QuadletContext): string {
  if (text.endsWith('.volume') && !/^[./]/.test(text)) return volumeName(need(service, context, text, file));
  const path = text.startsWith('.') ? absolute(file, text) : text;
  needMount(service, path);
  return path;
}

function absolute(file: QuadletFile, path: string): string {
  return path.startsWith('/') || path.startsWith('%') ? path : join(dirname(file.path), path);
}

function reloadCommands(file: QuadletFile, context: QuadletContext): string[] {
  const reload = lastValue(file.unit, 'Container', 'ReloadCmd');
  const signal = lastValue(file.unit, 'Container', 'ReloadSignal');
  if (reload !== undefined && signal !== undefined)
    throw new InvalidSpecError(`${file.path}: ReloadCmd= and ReloadSignal= exclude each other`);
  if (reload !== undefined)
    return [command(context, file, 'Container', ['exec', containerName(file), ...splitWords(reload)])];
  if (signal !== undefined)
    return [command(context, file, 'Container', ['kill', CIDFILE, `--signal=${signal}`])];
  return [];
}
