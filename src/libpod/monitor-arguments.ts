import { exitDirectory } from '../conmon/exit-record.ts';
import { isCrashTest } from '../base/crash-point.ts';
import { isLogged, logLevel } from '../base/log.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths, logPath } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { healthArguments } from './health-monitor.ts';
import { sdnotifyArguments } from './sdnotify.ts';
import { journalFields } from '../specgen/log-attributes.ts';
import { logTag } from '../specgen/log-tag.ts';
import type { RuntimeRef } from '../oci/runtime-client.ts';

export interface MonitorRestore {
  /** Directory of CRIU's images. */
  images: string;
  runtimeOptions: readonly string[];
}

/** The monitor's command line for one container: conmon's options, and ours where the monitor is ours. */
export function monitorArguments(
  libpod: Libpod,
  record: ContainerRecord,
  runtime: RuntimeRef,
  options: {
    run: boolean;
    quickRestarts: number;
    endWithCaller: boolean;
    preserveFds: number;
    restore: MonitorRestore | undefined;
  },
): string[] {
  const { spec, id } = record;
  const { bundle } = containerPaths(libpod.paths, id);
  const args = [
    '--api-version',
    '1',
    '-c',
    id,
    '-u',
    id,
    '-n',
    record.name,
    '-r',
    runtime.path,
    '-b',
    bundle.bundle,
  ];
  args.push(
    '-p',
    bundle.pidFile,
    '--conmon-pidfile',
    bundle.monitorPidFile,
    '--exit-dir',
    exitDirectory(libpod.paths.runRoot),
  );
  args.push(
    '--persist-dir',
    bundle.bundle,
    '--full-attach',
    '--log-level',
    isLogged('debug') ? 'debug' : logLevel(),
  );
  for (const word of runtime.args) args.push('--runtime-arg', word);
  if (libpod.config.engine.noPivotRoot) args.push('--no-pivot');
  if (!libpod.config.containers.keyring) args.push('--no-new-keyring');
  args.push(...preserveArguments(options.preserveFds));
  if (spec.resources.cgroups === 'disabled') args.push('--runtime-arg', '--cgroup-manager=disabled');
  args.push(...logArguments(libpod, record));
  if (spec.process.terminal) args.push('-t');
  if (spec.process.stdin) args.push('-i');
  if (spec.process.keepStdin === true) args.push('--leave-stdin-open');
  if (spec.timeout > 0) args.push(`--timeout=${spec.timeout}`);
  if (runtime.systemdCgroup && spec.resources.cgroups !== 'split') args.push('-s');
  if (options.run) args.push('--run');
  if (options.restore !== undefined) {
    args.push('--restore', options.restore.images);
    for (const word of options.restore.runtimeOptions) args.push('--runtime-opt', word);
  }
  if (options.endWithCaller) args.push('--end-with-caller');
  args.push(...healthArguments(libpod, record), ...sdnotifyArguments(libpod, record));
  const [cleanup, ...cleanupArgs] = libpod.cleanupCommand;
  if (cleanup !== undefined) {
    args.push('--exit-command', cleanup);
    if (!libpod.foreignMonitor && !isCrashTest()) args.push('--exit-retry');
    const restarts = record.spec.restart.name !== 'no' && !libpod.foreignMonitor;
    if (restarts) args.push('--exit-restarts');
    const after = restarts ? ['--restarts', String(options.quickRestarts)] : [];
    for (const word of [...cleanupArgs, 'container', 'cleanup', ...after, id])
      args.push('--exit-command-arg', word);
  }
  return args;
}

/** What the monitor finds around it: what we do, and what the configuration adds. */
export function monitorEnvironment({ engine }: Libpod['config']): NodeJS.ProcessEnv {
  if (engine.conmonEnvVars.length === 0) return process.env;
  const added = engine.conmonEnvVars.map((entry): [string, string] => {
    const [name = '', ...value] = entry.split('=');
    return [name, value.join('=')];
  });
  return { ...process.env, ...Object.fromEntries(added) };
}

/** The runtime has to be told how many descriptors after the standard streams the program keeps. */
export function preserveArguments(count: number): string[] {
  return count === 0 ? [] : ['--runtime-opt', '--preserve-fds', '--runtime-opt', String(count)];
}

function logArguments(libpod: Libpod, record: ContainerRecord): string[] {
  const { log } = record.spec;
  const path = logPath(libpod.paths, record.id, record.spec);
  const driver = libpod.foreignMonitor && log.driver === 'json-file' ? 'k8s-file' : log.driver;
  const args = [
    '-l',
    path === undefined ? `${driver.replace('passthrough-tty', 'passthrough')}:` : `${driver}:${path}`,
  ];
  if (path !== undefined && log.maxSize > 0) {
    args.push('--log-size-max', String(log.maxSize));
    if (log.maxFiles > 1 && !libpod.foreignMonitor)
      args.push('--log-rotate', '--log-max-files', String(log.maxFiles - 1));
  }
  const isTagged = driver === 'journald' || driver === 'json-file';
  if (isTagged && log.tag !== undefined) args.push('--log-tag', logTag(log.tag, record.spec, record.id));
  if (driver === 'journald' && !libpod.foreignMonitor)
    for (const field of journalFields(record.spec, record.id)) args.push('--log-label', field);
  return args;
}
