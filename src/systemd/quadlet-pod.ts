import { InvalidSpecError } from '../base/errors.ts';
import { POD_KEYS, POD_OPTIONS } from './quadlet-keys.ts';
import { remapWords } from './quadlet-mappings.ts';
import { podName } from './quadlet-names.ts';
import {
  beginService,
  checkKeys,
  command,
  extraWords,
  findFile,
  optionWords,
  type QuadletContext,
  type QuadletFile,
  serviceNameOf,
  unitOf,
} from './quadlet-service.ts';
import { networkWords, type QuadletUse, volumeWords } from './quadlet-sources.ts';
import { addEntry, booleanValue, lastValue, type UnitFile } from './unit-file.ts';

const STOP_SECONDS = '10';

/** A service whose process is the monitor of the pod's infra container; the services of its containers are bound to it. */
export function podService(file: QuadletFile, context: QuadletContext): UnitFile {
  checkKeys(file, 'Pod', [...Object.keys(POD_OPTIONS), ...POD_KEYS]);
  const service = beginService(file, 'Pod', context);
  const use = { file, service, context };
  const get = (key: string): string | undefined => lastValue(file.unit, 'Pod', key);
  const name = podName(file);
  for (const member of membersOf(file, context)) {
    addEntry(service, 'Unit', 'Wants', member);
    addEntry(service, 'Unit', 'Before', member);
  }
  const create = [
    ...['pod', 'create', '--infra-conmon-pidfile=%t/%N.pid', '--replace'],
    `--exit-policy=${get('ExitPolicy') ?? 'stop'}`,
    ...optionWords(file, 'Pod', POD_OPTIONS),
    ...remapWords(file, 'Pod', true),
    ...networkWords('Pod', use),
    ...volumeWords('Pod', use),
    ...[`--infra-name=${name}-infra`, `--name=${name}`],
    ...extraWords(file, 'Pod'),
  ];
  const run = (key: string, words: string[]): void =>
    addEntry(service, 'Service', key, command(context, file, 'Pod', words));
  run('ExecStartPre', create);
  run('ExecStart', ['pod', 'start', name]);
  run('ExecStop', ['pod', 'stop', '--ignore', `--time=${get('StopTimeout') ?? STOP_SECONDS}`, name]);
  run('ExecStopPost', ['pod', 'rm', '--ignore', '--force', name]);
  addEntry(service, 'Service', 'Type', 'forking');
  addEntry(service, 'Service', 'PIDFile', '%t/%N.pid');
  const defaults = { Restart: 'on-failure', SyslogIdentifier: '%N' };
  for (const [key, value] of Object.entries(defaults))
    if (lastValue(service, 'Service', key) === undefined) addEntry(service, 'Service', key, value);
  return service;
}

/** Services of the containers that start with the pod. Of templates nobody knows which. */
function membersOf(pod: QuadletFile, { files }: QuadletContext): string[] {
  return [...files.values()]
    .filter(
      ({ name, unit }) => name.endsWith('.container') && lastValue(unit, 'Container', 'Pod') === pod.name,
    )
    .filter(({ unit }) => booleanValue(unit, 'Container', 'StartWithPod') !== false)
    .map((file) => `${serviceNameOf(file)}.service`)
    .filter((service) => !service.endsWith('@.service'));
}

/** What makes a container a member of its pod, and its service one that runs as long as the pod's. */
export function joinPod({ file, service, context }: QuadletUse): string[] {
  const name = lastValue(file.unit, 'Container', 'Pod');
  if (name === undefined) return [];
  if (!name.endsWith('.pod')) throw new InvalidSpecError(`${file.path}: Pod=${name} is no .pod file`);
  const pod = findFile(context, name, file);
  const unit = unitOf(pod, file);
  addEntry(service, 'Unit', 'BindsTo', unit);
  addEntry(service, 'Unit', 'After', unit);
  return [`--pod=${podName(pod)}`];
}
