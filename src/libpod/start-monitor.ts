import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchMonitor, type MonitorHandle } from '../conmon/launch-monitor.ts';
import type { RuntimeRef } from '../oci/runtime-client.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { monitorArguments, monitorEnvironment, type MonitorRestore } from './monitor-arguments.ts';
import { placeMonitor } from './monitor-cgroup.ts';
import { passesStreams } from './startable.ts';

export interface StartMonitorOptions {
  runtime: RuntimeRef;
  /** Let the runtime create and start at once, when `go` is called; otherwise it creates without being told. */
  inOneGo: boolean;
  quickRestarts: number;
  /** This process waits for the end of the container. */
  stay: boolean;
  endWithCaller: boolean;
  /** The monitor holds them until its end. */
  portFds: readonly number[];
  /** Of the caller, for the program. */
  preserveFds: readonly number[] | undefined;
  lockFd: number;
  restore: MonitorRestore | undefined;
}

/** The monitor of a container that is being started. With `inOneGo` it needs no more of the bundle than its directories. */
export function startMonitor(
  libpod: Libpod,
  record: ContainerRecord,
  options: StartMonitorOptions,
): MonitorHandle {
  const { inOneGo } = options;
  const { directory } = record.spec.log;
  if (directory !== undefined) mkdirSync(join(directory, record.id), { recursive: true, mode: 0o700 });
  return launchMonitor({
    syscalls: libpod.syscalls,
    program: libpod.monitorProgram,
    foreign: libpod.foreignMonitor,
    args: monitorArguments(libpod, record, options.runtime, {
      run: inOneGo,
      preserveFds: options.preserveFds?.length ?? 0,
      quickRestarts: options.quickRestarts,
      endWithCaller: options.endWithCaller && !libpod.foreignMonitor,
      restore: options.restore,
    }),
    env: monitorEnvironment(libpod.config),
    attachFirst: inOneGo,
    // Also for telling it that there is nothing to clean up, should the start fail.
    reportExit: options.stay || inOneGo || options.restore !== undefined,
    inheritFds: options.portFds,
    preserveFds: options.preserveFds,
    lockFd: options.lockFd,
    place: (pid) => placeMonitor(libpod, record, pid),
    passStdio: passesStreams(record.spec),
  });
}
