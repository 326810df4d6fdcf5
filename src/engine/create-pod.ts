import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, InvalidSpecError, messageOf } from '../base/errors.ts';
import { NAME_PATTERN, newId } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { cgroupManagerOf } from '../libpod/cgroup-manager.ts';
import { podCgroup } from '../libpod/pod-cgroup.ts';
import { applyPodLimits } from '../libpod/pod-limits.ts';
import { removePod, settlePod } from '../libpod/pod-remove.ts';
import { findPod, getPod, insertPod, markPod, type PodRecord, recordPodEvent } from '../libpod/pod.ts';
import { transaction } from '../state/db.ts';
import type { MountSpec } from '../specgen/container-spec.ts';
import { labelsFrom } from '../specgen/labels.ts';
import { INFRA_OPTIONS, lastingPodOptions, type PodOptions } from '../specgen/pod-options.ts';
import { podLimitsFromOptions } from '../specgen/pod-limits.ts';
import { type PodService, type PodSpec, parseShares, type SharedNamespace } from '../specgen/pod-spec.ts';
import { parseRestart } from '../specgen/restart.ts';
import type { CreateHooks, CreateUse } from './create-container.ts';
import { currentDirectory } from './current-directory.ts';
import { createInfra } from './create-infra.ts';
import type { Engine } from './engine.ts';

export interface CreatePodRequest {
  options: PodOptions;
  createCommand: CreateUse['createCommand'];
  /** Default: a new one. */
  id?: string;
  service?: PodService | undefined;
  /** Anonymous volumes of another pod, whose place this one takes: they go over instead of new ones. */
  volumes?: readonly MountSpec[];
}

/** Records a pod and makes its infra container, unless it is to have none. */
export async function createPod(
  engine: Engine,
  { options, createCommand, id = newId(), service, volumes = [] }: CreatePodRequest,
  hooks: CreateHooks,
): Promise<PodRecord> {
  checkOptions(options);
  const spec = {
    ...specOf(engine, id, options, createCommand),
    ...(service === undefined ? {} : { service }),
  };
  const name = options.name ?? '';
  if (options.podIdFile !== undefined) reserveIdFile(options.podIdFile);
  try {
    if (name !== '') await makeRoom(engine, name, options.replace === true);
    insertPod(engine.db, id, { name, spec });
    return await complete(engine, id, { options, volumes }, hooks);
  } catch (error) {
    if (options.podIdFile !== undefined) rmSync(options.podIdFile, { force: true });
    throw error;
  }
}

async function complete(
  engine: Engine,
  id: string,
  { options, volumes }: { options: PodOptions; volumes: readonly MountSpec[] },
  hooks: CreateHooks,
): Promise<PodRecord> {
  crashPoint('pod-create-after-row');
  try {
    const pod = existing(engine, id);
    if (pod.spec.resources !== undefined) await applyPodLimits(engine, pod.name, pod.spec);
    if (options.infra !== false) await createInfra(engine, pod, { options, volumes }, hooks);
    crashPoint('pod-create-before-complete');
    transaction(engine.db, () => {
      markPod(engine.db, id, 'ready');
      recordPodEvent(engine.db, pod, 'create');
    });
    if (options.podIdFile !== undefined) writeFileSync(options.podIdFile, id);
    return existing(engine, id);
  } catch (error) {
    await takeBack(engine, id);
    throw error;
  }
}

function existing(engine: Engine, id: string): PodRecord {
  const pod = getPod(engine.db, id);
  if (pod === undefined) throw new InvalidSpecError(`pod ${id} was removed while it was being created`);
  return pod;
}

async function takeBack(engine: Engine, id: string): Promise<void> {
  try {
    await removePod(engine, id, { force: true, stopTimeout: 0 });
  } catch (error) {
    log('warn', `cannot remove the half made pod ${id.slice(0, 12)}: ${messageOf(error)}`);
  }
}

function checkOptions(options: PodOptions): void {
  const { name, infra, exitPolicy } = options;
  if (name !== undefined && name !== '' && !NAME_PATTERN.test(name))
    throw new InvalidSpecError(
      `invalid pod name ${JSON.stringify(name)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
    );
  if (options.replace && (name ?? '') === '')
    throw new InvalidSpecError('cannot replace pod without --name being set');
  if (exitPolicy !== undefined && exitPolicy !== 'continue' && exitPolicy !== 'stop')
    throw new InvalidSpecError(
      `invalid pod exit policy: ${JSON.stringify(exitPolicy)}: choose continue or stop`,
    );
  parseRestart(options.restart);
  if (infra !== false) return;
  if (options.publish?.length)
    throw new InvalidSpecError('you must have an infra container to publish port bindings to the host');
  const given = [
    ...INFRA_OPTIONS,
    'hostname',
    'infraCommand',
    'infraConmonPidfile',
    'infraImage',
    'infraName',
  ] as const;
  const useless = given.find((key) => options[key] !== undefined);
  if (useless !== undefined)
    throw new InvalidSpecError(`--${dashed(useless)} needs an infra container: leave out --infra=false`);
  if (options.share !== undefined && parseShares(options.share).length > 0)
    throw new InvalidSpecError('cannot share namespaces without an infra container: leave out --infra=false');
}

function dashed(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function specOf(engine: Engine, id: string, options: PodOptions, createCommand: string[]): PodSpec {
  const infra = options.infra !== false;
  const sharesParent = options.shareParent !== false;
  const manager = cgroupManagerOf(engine);
  const resources = podLimitsFromOptions(options, engine);
  return {
    version: 1,
    createCommand,
    options: lastingPodOptions(options),
    labels: labelsFrom(options, currentDirectory()),
    hostname: options.hostname ?? '',
    exitPolicy: (options.exitPolicy ?? engine.config.engine.podExitPolicy) === 'stop' ? 'stop' : 'continue',
    restart: options.restart,
    shares: infra ? sharesOf(engine, options) : [],
    cgroup: sharesParent ? podCgroup(id, options.cgroupParent, manager) : undefined,
    cgroupParent: options.cgroupParent,
    ...(resources === undefined ? {} : { resources }),
    inherited: {
      device: options.device ?? [],
      securityOpt: options.securityOpt ?? [],
      ...(options.gpus === undefined ? {} : { gpus: options.gpus }),
      ...(options.shmSizeSystemd === undefined ? {} : { shmSizeSystemd: options.shmSizeSystemd }),
    },
    hasVolumes: [...(options.volume ?? []), ...(options.volumesFrom ?? [])].length > 0,
  };
}

/** A user namespace of the pod's is always shared: nobody could join the other ones from another. */
function sharesOf(engine: Engine, options: PodOptions): SharedNamespace[] {
  const shares = options.share === undefined ? parseShares('+') : parseShares(options.share);
  const mapped = [options.uidmap, options.gidmap, options.subuidname, options.subgidname].some(
    (value) => value !== undefined,
  );
  const word = options.userns || process.env['PODMAN_USERNS'] || engine.config.containers.userns || 'host';
  const hasUserns = mapped || word !== 'host';
  return hasUserns ? [...new Set<SharedNamespace>([...shares, 'user'])] : shares;
}

async function makeRoom(engine: Engine, name: string, replace: boolean): Promise<void> {
  const holder = findPod(engine.db, name);
  if (holder === undefined || holder.name !== name) return;
  const pod = await settlePod(engine, holder);
  if (pod !== undefined && replace) await removePod(engine, pod.id, { force: true, stopTimeout: 0 });
}

function reserveIdFile(path: string): void {
  if (existsSync(path))
    throw new AlreadyExistsError(
      `pod id file ${path} exists: ensure another pod is not using it or delete it`,
    );
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new InvalidSpecError(`cannot write pod id file ${path}: ${messageOf(error)}`, { cause: error });
  }
}
