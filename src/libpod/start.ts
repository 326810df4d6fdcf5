import { writeFileAtomic } from '../base/atomic-file.ts';
import { crashPoint } from '../base/crash-point.ts';
import { messageOf, NotFoundError, TspodError, WrongStateError } from '../base/errors.ts';
import { removeExitRecord } from '../conmon/exit-record.ts';
import { log } from '../base/log.ts';
import { type MonitorHandle, readMonitorPid } from '../conmon/launch-monitor.ts';
import { bootId, formatIdentity, ownIdentity, startTimeOf } from '../native/process-identity.ts';
import { type NetworkSetup, setupNetwork } from '../network/setup.ts';
import { startInRuntime } from '../oci/runtime-client.ts';
import { explainRuntimeError } from '../oci/runtime-errors.ts';
import { allowReserve } from '../state/db.ts';
import { FOR_DOCKER, START_CONNECT, timestamp } from '../state/events.ts';
import { FOR_REMOVALS } from '../state/reserve.ts';
import { makeBundleDirectories, prepareBundle } from './bundle.ts';
import type { NetworkSpec } from '../specgen/container-spec.ts';
import { hostnameOf } from './hostname.ts';
import { beginCgroupMove } from './cgroup-head-start.ts';
import {
  type ContainerRecord,
  type DueRestart,
  NO_END,
  type RunFacts,
  updateContainer,
} from './container.ts';
import { lockContainer } from './container-lock.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { explainStartFailure } from './explain-start.ts';
import { finishNetworkFiles } from './managed-files.ts';
import { prepareHealthcheck } from './health-monitor.ts';
import { tellStarted } from './tell-started.ts';
import { placePasta } from './monitor-cgroup.ts';
import { networkContext } from './network-context.ts';
import { releaseFailedStart } from './release.ts';
import { chosenRuntime, runtimeOf } from './runtime-of.ts';
import { settle } from './settle.ts';
import { checkStartable } from './startable.ts';
import { dueRestart, endRestartWait } from './restart-policy.ts';
import { startMonitor } from './start-monitor.ts';
import { changeState, type StateChangeOptions } from './state-change.ts';
import { networkEvents } from './network-events.ts';

export interface StartOptions {
  /** Which restart by policy this is. When another one is due, or none, the container is left as it is. */
  restartCount?: number;
  /** Called when the attach socket listens and before the program runs, so that no output is lost. */
  attach?: (attachSocket: string) => Promise<void> | void;
  /** That somebody attaches has been recorded already. */
  attachTold?: boolean;
  /** This process stays and cleans up when the container ends. */
  stay?: boolean;
  /** With `stay`: should this process be killed, the container is too (not with a foreign monitor). */
  endWithCaller?: boolean;
  /** `NAME=value` for the program, which nothing but its bundle may hold. */
  secretEnv?: readonly string[];
  consoleSize?: { height: number; width: number };
  /** Only `init`: the runtime creates, the program does not run yet. */
  initOnly?: boolean;
  /** Descriptors of this process that the program gets as 3 and on; -1: that one is /dev/null. */
  preserveFds?: readonly number[];
  restart?: boolean;
  /** Its processes go on from a checkpoint. */
  restore?: RestoreStep;
  /** Those that it depends on have been seen running. */
  dependenciesRun?: boolean;
}

/** What makes a start a restore. */
export interface RestoreStep {
  /** Directory of CRIU's images. */
  images: string;
  /** For the runtime's `restore`. */
  runtimeOptions: readonly string[];
  /** In place of the container's own. */
  network: NetworkSpec;
  /** Called when everything is mounted, before the processes go on. */
  fill(rootfs: string, record: ContainerRecord): Promise<void>;
  /** Why it failed; the bundle is still there. */
  explain(error: unknown): unknown;
}

export interface StartedContainer {
  record: ContainerRecord;
  /** Absent when it was running already, or had been initialized before. */
  monitor: MonitorHandle | undefined;
}

/**
 * Brings a created or exited container to life (a running one is left alone). On failure everything is taken back, the
 * container keeps the reason, and a typed error says why (127 command not found, 126 cannot be invoked).
 */
export async function startContainer(
  libpod: Libpod,
  id: string,
  options: StartOptions = {},
): Promise<StartedContainer> {
  const lock = await lockContainer(libpod, id);
  let record: ContainerRecord | undefined;
  try {
    record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    if (options.initOnly) checkInitializable(record);
    if (record.state === 'running') return { record, monitor: undefined };
    if (record.state === 'initialized') return await startInitialized(libpod, record, options);
    const due = options.restartCount === undefined ? undefined : dueRestart(libpod, record);
    if (due?.count !== options.restartCount) return { record, monitor: undefined };
    if (record.spec.dependencies.length === 0 || options.dependenciesRun) {
      if (options.restartCount === undefined) await endRestartWait(libpod, record);
      return await launch(libpod, record, { ...options, lockFd: lock.fd, due });
    }
  } finally {
    lock.release();
  }
  // Their locks may come before ours.
  await (await import('./start-dependencies.ts')).startDependencies(libpod, record);
  return await startContainer(libpod, id, { ...options, dependenciesRun: true });
}

function checkInitializable({ id, state }: ContainerRecord): void {
  if (['initialized', 'running', 'paused'].includes(state))
    throw new WrongStateError(
      `container ${id} has already been created in runtime: container state improper`,
    );
}

async function holdPodLimits(libpod: Libpod, podId: string): Promise<void> {
  const pod = (await import('./pod.ts')).getPod(libpod.db, podId);
  if (pod?.spec.resources !== undefined)
    await (await import('./pod-limits.ts')).applyPodLimits(libpod, pod.name, pod.spec);
}

async function launch(
  libpod: Libpod,
  record: ContainerRecord,
  options: StartOptions & { lockFd: number; due: DueRestart | undefined },
): Promise<StartedContainer> {
  beginCgroupMove();
  if (record.podId !== undefined) await holdPodLimits(libpod, record.podId);
  const runtime = chosenRuntime(libpod, libpod.runtimeOptions.runtime ?? record.spec.runtime);
  await checkStartable(record, runtime, libpod.paths.runRoot);
  const { due, restore } = options;
  const basicFacts: RunFacts = {
    held: true,
    ...(restore === undefined ? {} : { restoring: true as const }),
    runtime: { name: runtime.name, path: runtime.path },
    ...(due === undefined ? {} : { restart: due, quickRestarts: due.quickRestarts }),
  };
  const starting = changeState(libpod, record.id, options.initOnly ? 'begin-init' : 'begin-start', {
    changes: {
      owner: formatIdentity(ownIdentity()),
      bootId: bootId(),
      stoppedByUser: false,
      restartCount: due?.count ?? 0,
      facts: basicFacts,
      // A restart or restore that is killed half way is as if it had not begun.
      ...(due === undefined && restore === undefined ? NO_END : {}),
      ...(restore === undefined ? { checkpoint: null } : {}),
    },
  });
  // One of an earlier run would pass for the end of this one.
  removeExitRecord(libpod.paths.runRoot, record.id);
  crashPoint('start-after-mark');
  let monitor: MonitorHandle | undefined;
  let network: NetworkSetup | undefined;
  let facts = basicFacts;
  try {
    const linkEnv =
      starting.spec.network.links === undefined
        ? []
        : (await import('./container-links.ts')).linkEnvironment(libpod, starting);
    const maps = starting.spec.userNamespace;
    const userns = maps && (await import('./user-namespace.ts')).enterUserns(libpod, starting, maps);
    const networkSpec = restore?.network ?? starting.spec.network;
    network = await setupNetwork(networkContext(libpod, starting.name), networkSpec, {
      ...(userns === undefined ? {} : { usernsPath: userns.path }),
      containerId: starting.id,
      containerName: starting.name,
      hostname: hostnameOf(libpod, starting),
    });
    const netnsPath = network.netns.kind === 'path' ? network.netns.path : undefined;
    // One runtime process instead of two, unless something has to happen between create and start.
    const inOneGo =
      !options.initOnly && !hasBackend(starting) && !libpod.foreignMonitor && restore === undefined;
    const { portFds } = network;
    const launchMonitor = (): MonitorHandle =>
      startMonitor(libpod, starting, {
        runtime,
        inOneGo,
        quickRestarts: due?.quickRestarts ?? 0,
        stay: options.stay === true,
        endWithCaller: options.endWithCaller === true,
        portFds,
        preserveFds: options.preserveFds,
        lockFd: options.lockFd,
        restore,
      });
    makeBundleDirectories(libpod, starting);
    // It gets ready while we write down what the runtime is to do.
    if (inOneGo) monitor = launchMonitor();
    const cdi = starting.spec.cdiDevices;
    const cdiEdits = cdi && (await (await import('../oci/cdi.ts')).findCdiEdits(cdi, libpod.cdiDirectories));
    if (starting.spec.mounts.some(({ type }) => type === 'volume'))
      await (await import('./volume-mounts.ts')).holdVolumes(libpod, starting.spec, starting.id);
    if (starting.spec.resources.cgroups === 'split')
      await (await import('./split-cgroup.ts')).splitOwnCgroup();
    const { rootfs, host, hasHooks, keepCompiledSeccomp } = await prepareBundle(libpod, starting, {
      runtime,
      netnsPath,
      userns,
      consoleSize: options.consoleSize,
      secretEnv: [...(options.secretEnv ?? []), ...linkEnv],
      withoutLinks: restore !== undefined,
      ...(cdiEdits === undefined ? {} : { cdiEdits }),
    });
    facts = {
      ...basicFacts,
      ...(host.cgroupPath === undefined ? {} : { cgroupPath: host.cgroupPath }),
      ...(hasHooks ? { hooks: true as const } : {}),
      ...(netnsPath === undefined ? {} : { netnsPath }),
    };
    await prepareHealthcheck(libpod, starting);
    updateContainer(libpod.db, record.id, { facts });
    crashPoint('start-before-monitor');
    if (restore !== undefined) {
      // The processes go on at once.
      finishNetworkFiles(libpod, starting, await network.ready);
      await restore.fill(rootfs, starting);
      crashPoint('restore-before-monitor');
    }
    monitor ??= launchMonitor();
    const { bundle } = containerPaths(libpod.paths, record.id);
    if (inOneGo) {
      if (options.attach !== undefined) {
        await Promise.all([monitor.attachReady(), network.ready]);
        await options.attach(bundle.attach);
      }
      monitor.go();
    }
    const message = await monitor.started();
    if (message.data <= 0)
      throw explainRuntimeError(message.message ?? 'the runtime gave no reason', runtime.name);
    // It runs, and may fill the disk: that it does is noted all the same.
    allowReserve(libpod.db, FOR_REMOVALS);
    crashPoint('start-after-create');
    if (userns !== undefined) (await import('./user-namespace.ts')).hideRootfs(libpod, record.id);
    keepCompiledSeccomp?.(record.id);
    network.closePorts();
    if (hasBackend(starting)) {
      facts.network = await network.ready;
      finishNetworkFiles(libpod, starting, facts.network);
      // Should this process be killed after the start, the container that goes on without it has its addresses recorded.
      updateContainer(libpod.db, record.id, { facts });
    }
    const placed = hasBackend(starting) ? placePasta(libpod, starting) : undefined;
    if (restore !== undefined) tellStarted(libpod, record.id);
    else if (!inOneGo && !options.initOnly) {
      if (options.attach !== undefined) await options.attach(bundle.attach);
      await startInRuntime(runtime, record.id);
      tellStarted(libpod, record.id);
    }
    await placed;
    crashPoint('start-after-start');
    const started = recordStarted(libpod, starting, facts, message.data, options);
    if (started.spec.network.linked) (await import('./container-links.ts')).tellLinked(libpod, started.id);
    return { record: started, monitor };
  } catch (error) {
    monitor?.takeCleanup();
    monitor?.close();
    network?.closePorts();
    // Without its network the runtime fails too, but only this says why.
    const cause = await network?.ready.then(
      () => error,
      (reason: unknown) => reason,
    );
    const reason = restore?.explain(cause ?? error) ?? cause ?? error;
    throw await takeBack(libpod, { ...starting, facts }, { error: reason, before: restore && record });
  }
}

function recordStarted(
  libpod: Libpod,
  record: ContainerRecord,
  facts: RunFacts,
  pid: number,
  options: StartOptions,
): ContainerRecord {
  const { bundle } = containerPaths(libpod.paths, record.id);
  const monitorPid = readMonitorPid(bundle.monitorPidFile);
  if (record.spec.pidFile !== undefined) writePidFile(record.spec.pidFile, pid);
  if (record.spec.monitorPidFile !== undefined && monitorPid !== undefined)
    writePidFile(record.spec.monitorPidFile, monitorPid);
  const pidStart = startTimeOf(pid);
  const monitorStart = monitorPid === undefined ? undefined : startTimeOf(monitorPid);
  const { restart: _done, restoring, ...lasting } = facts;
  return changeState(libpod, record.id, options.initOnly ? 'complete-init' : 'complete-start', {
    changes: {
      ...NO_END,
      pid,
      owner: null,
      monitorPid: monitorPid ?? null,
      monitorStart: monitorStart ?? null,
      ...(options.initOnly ? {} : { startedAt: timestamp(), finishedAt: null }),
      ...(restoring ? { checkpoint: { restoredAt: timestamp() } } : {}),
      facts: { ...lasting, ...(pidStart === undefined ? {} : { pidStart }) },
    },
    events: restoring
      ? ['restore']
      : options.initOnly
        ? ['init']
        : options.restart
          ? ['init', 'start', 'restart']
          : ['init', 'start', ...attached(options)],
    eventsBefore: networkEvents(record, facts.network, START_CONNECT),
    ...withStart(options),
    durable: false,
  });
}

function attached({ attach, attachTold }: StartOptions): string[] {
  return attach === undefined || attachTold ? [] : ['attach'];
}

function withStart(options: StartOptions): Pick<StateChangeOptions, 'eventAttributes'> {
  return attached(options).length === 0 || options.initOnly || options.restart
    ? {}
    : { eventAttributes: { [FOR_DOCKER.withStart]: 'true' } };
}

function writePidFile(path: string, pid: number): void {
  try {
    writeFileAtomic(path, String(pid), { durable: false });
  } catch (error) {
    log('warn', `cannot write the pid file ${path}: ${messageOf(error)}`);
  }
}

/** The network takes its time to come up: the program may only start after that. */
function hasBackend(record: ContainerRecord): boolean {
  const { mode } = record.spec.network.mode;
  return mode === 'bridge' || mode === 'pasta' || mode === 'slirp4netns';
}

async function startInitialized(
  libpod: Libpod,
  record: ContainerRecord,
  options: StartOptions,
): Promise<StartedContainer> {
  const { bundle } = containerPaths(libpod.paths, record.id);
  if (options.attach !== undefined) await options.attach(bundle.attach);
  changeState(libpod, record.id, 'begin-start', { changes: { owner: formatIdentity(ownIdentity()) } });
  crashPoint('initialized-before-start');
  await startInRuntime(runtimeOf(libpod, record), record.id);
  tellStarted(libpod, record.id);
  crashPoint('initialized-after-start');
  const started = changeState(libpod, record.id, 'complete-start', {
    changes: { owner: null, startedAt: timestamp(), finishedAt: null },
    events: ['start', ...attached(options)],
    ...withStart(options),
  });
  return { record: started, monitor: undefined };
}

/** Undoes a failed start; returns the error to throw. `before`: of a restore, which leaves everything as it was. */
async function takeBack(
  libpod: Libpod,
  record: ContainerRecord,
  { error, before }: { error: unknown; before: ContainerRecord | undefined },
): Promise<unknown> {
  const explained = await explainStartFailure(libpod, record, error);
  await releaseFailedStart(libpod, record);
  if (before !== undefined) {
    changeState(libpod, record.id, before.state === 'exited' ? 'fail-restore' : 'fail-start', {
      changes: { owner: before.owner ?? null, facts: {} },
    });
    return explained;
  }
  const exitCode = explained instanceof TspodError ? explained.exitCode : 125;
  changeState(libpod, record.id, 'fail-start', {
    changes: {
      error: messageOf(explained),
      exitCode,
      owner: record.spec.autoRemove ? formatIdentity(ownIdentity()) : null,
      facts: {},
    },
  });
  return explained;
}
