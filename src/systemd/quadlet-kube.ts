import { dirname, isAbsolute, join } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { execWord } from './exec-word.ts';
import { KUBE_KEYS, KUBE_OPTIONS } from './quadlet-keys.ts';
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
} from './quadlet-service.ts';
import { networkName } from './quadlet-network.ts';
import { splitWords } from './split-words.ts';
import { addEntry, booleanValue, lastValue, type UnitFile, valuesOf } from './unit-file.ts';

const WEB = /^https?:\/\//;

/** A service that plays a Kubernetes file, and takes down what it has made when it ends. */
export function kubeService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Kube', [...Object.keys(KUBE_OPTIONS), ...KUBE_KEYS]);
  const service = beginService(file, 'Kube', context);
  const type = lastValue(service, 'Service', 'Type') ?? 'notify';
  if (type !== 'notify' && type !== 'oneshot')
    throw new InvalidSpecError(`${file.path}: invalid service type ${type}: must be notify or oneshot`);
  const yaml = valuesOf(file.unit, 'Kube', 'Yaml')
    .flatMap(splitWords)
    .map((path) => placeOf(path, file));
  if (yaml.length === 0) throw new InvalidSpecError(`${file.path}: no Yaml= key specified`);
  const propagation = lastValue(file.unit, 'Kube', 'ExitCodePropagation') ?? 'none';
  if (propagation !== 'none')
    throw new InvalidSpecError(
      `${file.path}: ExitCodePropagation=${propagation} is not supported by tspod: a service ends when its pod has ended, whatever the codes`,
    );
  const play = [
    ...['kube', 'play', '--replace', `--service-container=${type === 'notify'}`],
    ...optionWords(file, 'Kube', KUBE_OPTIONS),
    ...valuesOf(file.unit, 'Kube', 'ConfigMap')
      .flatMap(splitWords)
      .map((path) => `--configmap=${placeOf(path, file)}`),
    ...valuesOf(file.unit, 'Kube', 'AutoUpdate').flatMap(updateWords),
    ...valuesOf(file.unit, 'Kube', 'Network').map((text) => networkWord(text, { file, service, context })),
    ...extraWords(file, 'Kube'),
    ...yaml,
  ];
  const force = booleanValue(file.unit, 'Kube', 'KubeDownForce') === true;
  const down = command(context, file, 'Kube', ['kube', 'down', ...(force ? ['--force'] : []), ...yaml]);
  const set = (key: string, value: string): void => addEntry(service, 'Service', key, value);
  const defaults: Record<string, string> = { KillMode: 'mixed', SyslogIdentifier: '%N', Type: type };
  if (type === 'notify') defaults['NotifyAccess'] = 'all';
  else defaults['RemainAfterExit'] = 'yes';
  for (const [key, value] of Object.entries(defaults))
    if (lastValue(service, 'Service', key) === undefined) set(key, value);
  setDirectory(file, yaml, set);
  for (const path of yaml) if (!WEB.test(path)) needMount(service, path);
  set('ExecStart', command(context, file, 'Kube', play));
  set('ExecStop', down);
  // Also when the pods have ended by themselves.
  set('ExecStopPost', down);
  return service;
}

/** Beside the Quadlet file, unless the path is absolute or begins with a specifier. */
function placeOf(path: string, file: QuadletFile): string {
  return isAbsolute(path) || path.startsWith('%') || WEB.test(path) ? path : join(dirname(file.path), path);
}

function updateWords(text: string): string[] {
  return splitWords(text).map((word) => {
    const [name, policy] = word.includes('/') ? word.split('/') : [undefined, word];
    return `--annotation=io.containers.autoupdate${name === undefined ? '' : `/${name}`}=${policy ?? ''}`;
  });
}

function networkWord(
  text: string,
  { file, service, context }: { file: QuadletFile; service: UnitFile; context: QuadletContext },
): string {
  const [name = '', ...rest] = text.split(':');
  if (!name.endsWith('.network')) return `--network=${text}`;
  return `--network=${[networkName(need(service, context, name, file)), ...rest].join(':')}`;
}

function setDirectory(
  file: QuadletFile,
  yaml: readonly string[],
  set: (key: string, value: string) => void,
): void {
  const wish = lastValue(file.unit, 'Kube', 'SetWorkingDirectory');
  if (wish === undefined || wish === '') return;
  const [first = ''] = yaml;
  if (wish !== 'yaml' && wish !== 'unit')
    throw new InvalidSpecError(`${file.path}: SetWorkingDirectory=${wish} must be yaml or unit`);
  if (wish === 'yaml' && WEB.test(first))
    throw new InvalidSpecError(`${file.path}: SetWorkingDirectory=yaml needs a file, not an address`);
  set('WorkingDirectory', execWord(dirname(wish === 'yaml' ? first : file.path), { literal: false }));
}
