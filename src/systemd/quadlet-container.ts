import { InvalidSpecError } from '../base/errors.ts';
import { CONTAINER_KEYS, CONTAINER_OPTIONS } from './quadlet-keys.ts';
import { remapWords, volatileTmpWords } from './quadlet-mappings.ts';
import { containerName } from './quadlet-names.ts';
import { joinPod } from './quadlet-pod.ts';
import {
  beginService,
  checkKeys,
  command,
  extraWords,
  optionWords,
  type QuadletContext,
  type QuadletFile,
} from './quadlet-service.ts';
import {
  besideFile,
  imageSource,
  mountOption,
  networkWords,
  type QuadletUse,
  volumeWords,
} from './quadlet-sources.ts';
import { splitWords } from './split-words.ts';
import { addEntry, booleanValue, lastValue, type UnitFile, valuesOf } from './unit-file.ts';

const CIDFILE = '--cidfile=%t/%N.cid';

export function quadletContainerService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Container', [...Object.keys(CONTAINER_OPTIONS), ...CONTAINER_KEYS]);
  const service = beginService(file, 'Container', context);
  const type = lastValue(service, 'Service', 'Type') ?? 'notify';
  if (type !== 'notify' && type !== 'oneshot')
    throw new InvalidSpecError(`${file.path}: invalid service type ${type}: must be notify or oneshot`);
  const use = { file, service, context };
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
    ...ownWords(use),
    ...joinPod(use),
    ...extraWords(file, 'Container'),
    ...source(use),
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
function source(use: QuadletUse): string[] {
  const { file } = use;
  const name = lastValue(file.unit, 'Container', 'Image');
  const rootfs = lastValue(file.unit, 'Container', 'Rootfs');
  if (name !== undefined && rootfs !== undefined)
    throw new InvalidSpecError(`${file.path}: Image= and Rootfs= exclude each other`);
  if (rootfs !== undefined) return ['--rootfs', rootfs];
  if (name === undefined)
    throw new InvalidSpecError(`${file.path}: there is no Image= (or Rootfs=) in [Container]`);
  return [imageSource(name, use)];
}

/** Keys that are more than an option of their own name. */
function ownWords(use: QuadletUse): string[] {
  const { file, context } = use;
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
    words.push(`--env-file=${besideFile(path, file)}`);
  const [user, group] = [one('User'), one('Group')];
  if (user === undefined && group !== undefined)
    throw new InvalidSpecError(`${file.path}: Group= needs User= as well`);
  if (user !== undefined) words.push(`--user=${user}${group === undefined ? '' : `:${group}`}`);
  if (isSet('NoNewPrivileges')) words.push('--security-opt=no-new-privileges');
  if (isSet('SecurityLabelDisable')) words.push('--security-opt=label=disable');
  if (isSet('SecurityLabelNested')) words.push('--security-opt=label=nested');
  words.push(...volatileTmpWords(file), ...remapWords(file, 'Container', true));
  words.push(...networkWords('Container', use), ...volumeWords('Container', use));
  for (const mount of all('Mount').flatMap(splitWords)) words.push(`--mount=${mountOption(mount, use)}`);
  return words;
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
