import { dirname } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { execWord } from './exec-word.ts';
import { KUBE_KEYS, KUBE_OPTIONS } from './quadlet-keys.ts';
import { remapWords } from './quadlet-mappings.ts';
import {
  beginService,
  checkKeys,
  command,
  extraWords,
  needMount,
  optionWords,
  type QuadletContext,
  type QuadletFile,
} from './quadlet-service.ts';
import { besideFile, networkWords } from './quadlet-sources.ts';
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
    .map((path) => besideFile(path, file));
  if (yaml.length === 0) throw new InvalidSpecError(`${file.path}: no Yaml= key specified`);
  const propagation = lastValue(file.unit, 'Kube', 'ExitCodePropagation') ?? 'none';
  if (!/^(all|any|none)$/.test(propagation))
    throw new InvalidSpecError(`${file.path}: ExitCodePropagation=${propagation} must be all, any or none`);
  const play = [
    ...['kube', 'play', '--replace', `--service-container=${type === 'notify'}`],
    ...optionWords(file, 'Kube', KUBE_OPTIONS),
    ...valuesOf(file.unit, 'Kube', 'ConfigMap')
      .flatMap(splitWords)
      .map((path) => `--configmap=${besideFile(path, file)}`),
    ...valuesOf(file.unit, 'Kube', 'AutoUpdate').flatMap(updateWords),
    ...remapWords(file, 'Kube', false),
    ...networkWords('Kube', { file, service, context }),
    ...extraWords(file, 'Kube'),
    ...yaml,
  ];
  const force = booleanValue(file.unit, 'Kube', 'KubeDownForce') === true;
  const down = command(context, file, 'Kube', [
    ...['kube', 'down', ...(force ? ['--force'] : [])],
    ...(propagation === 'none' ? [] : [`--service-exit-code-propagation=${propagation}`]),
    ...yaml,
  ]);
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

function updateWords(text: string): string[] {
  return splitWords(text).map((word) => {
    const [name, policy] = word.includes('/') ? word.split('/') : [undefined, word];
    return `--annotation=io.containers.autoupdate${name === undefined ? '' : `/${name}`}=${policy ?? ''}`;
  });
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
