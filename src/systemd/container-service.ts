import { execLine, execWord } from './exec-word.ts';
import { addEntry, formatUnit, type UnitFile } from './unit-file.ts';

export interface ServiceOptions {
  /** The container is made anew at each start, from this command line (after `run`): options, image, command. */
  createWords: string[] | undefined;
  after: string[];
  wants: string[];
  requires: string[];
  environment: string[];
  containerPrefix: string;
  separator: string;
  restartPolicy: string;
  restartSec: number | undefined;
  startTimeout: number | undefined;
  stopTimeout: number;
  /** `name@.service`, each instance with a container of its own. */
  template: boolean;
  header: boolean;
  version: string;
}

export interface ServiceSource {
  /** Name or id, as the unit calls it. */
  container: string;
  /** Program and global options. */
  program: string[];
  runRoot: string;
  monitorPidFile: string;
  /** Containers that have to run first. */
  dependencies: string[];
}

/** Seconds that systemd waits beyond the container's own time to stop. */
const STOP_SLACK = 60;

/** Without `.service`. */
export function serviceName(
  container: string,
  options: Pick<ServiceOptions, 'containerPrefix' | 'separator'>,
): string {
  const { containerPrefix: prefix, separator } = options;
  return escapeName(prefix === '' ? container : `${prefix}${separator}${container}`);
}

export function containerService(
  source: ServiceSource,
  options: ServiceOptions,
): { name: string; text: string } {
  const plain = serviceName(source.container, options);
  const name = options.template ? `${plain}@` : plain;
  const unit: UnitFile = new Map();
  const description = `tspod ${options.template ? `${plain}@%i` : plain}.service`;
  addEntry(unit, 'Unit', 'Description', description);
  addEntry(unit, 'Unit', 'Documentation', 'man:tspod-generate-systemd(1)');
  addEntry(unit, 'Unit', 'Wants', ['network-online.target', ...options.wants].join(' '));
  addEntry(unit, 'Unit', 'After', ['network-online.target', ...options.after].join(' '));
  addEntry(
    unit,
    'Unit',
    'RequiresMountsFor',
    execWord(source.runRoot, { literal: true }).replaceAll('$$', '$'),
  );
  if (options.requires.length > 0) addEntry(unit, 'Unit', 'Requires', options.requires.join(' '));
  const needed = source.dependencies.map((id) => `${serviceName(id, options)}.service`).join(' ');
  if (needed !== '') {
    addEntry(unit, 'Unit', 'BindsTo', needed);
    addEntry(unit, 'Unit', 'After', needed);
  }
  const service = (key: string, value: string): void => addEntry(unit, 'Service', key, value);
  service('Environment', `PODMAN_SYSTEMD_UNIT=%n`);
  for (const variable of options.environment)
    service('Environment', execWord(variable, { literal: true }).replaceAll('$$', '$'));
  service('Restart', options.restartPolicy);
  if (options.restartSec !== undefined) service('RestartSec', String(options.restartSec));
  if (options.startTimeout !== undefined) service('TimeoutStartSec', String(options.startTimeout));
  service('TimeoutStopSec', String(options.stopTimeout + STOP_SLACK));
  for (const [key, value] of commands(source, options)) service(key, value);
  addEntry(unit, 'Install', 'WantedBy', 'default.target');
  const header = options.header ? `# ${name}.service\n# made by tspod ${options.version}\n\n` : '';
  return { name, text: header + formatUnit(unit) };
}

function commands(source: ServiceSource, options: ServiceOptions): [string, string][] {
  const line = (...words: string[]): string => execLine([...source.program, ...words], { literal: true });
  const time = String(options.stopTimeout);
  if (options.createWords === undefined) {
    const stop = line('stop', '-t', time, source.container);
    return [
      ['ExecStart', line('start', source.container)],
      ['ExecStop', stop],
      ['ExecStopPost', stop],
      ['PIDFile', source.monitorPidFile.replaceAll('%', '%%')],
      ['Type', 'forking'],
    ];
  }
  // Specifiers of systemd, so not as literal words.
  const id = '--cidfile=%t/%n.ctr-id';
  const words = execLine(options.createWords, { literal: true });
  const template = options.template ? ` ${execWord(`--name=${source.container}-`, { literal: true })}%i` : '';
  const fixed = `${id} --cgroups=no-conmon --rm --sdnotify=conmon --replace -d`;
  return [
    ['ExecStart', `${line('run')} ${fixed}${template} ${words}`],
    ['ExecStop', `${line('stop', '--ignore', '-t', time)} ${id}`],
    ['ExecStopPost', `${line('rm', '-f', '--ignore', '-t', time)} ${id}`],
    ['Type', 'notify'],
    ['NotifyAccess', 'all'],
  ];
}

/** As systemd-escape does it, for what a unit's name may not have. */
function escapeName(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9:_.-]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
