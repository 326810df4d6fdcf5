import { InUseError, InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import type { PodmanContents } from '../image/foreign-store.ts';
import type { PodmanConfig } from '../image/podman-config.ts';
import type { PodmanContainerRow, PodmanState } from '../image/podman-state.ts';
import { findPod } from '../libpod/pod.ts';
import { parseCapability } from '../specgen/capabilities.ts';
import type { Engine } from './engine.ts';
import { leftBehind, migrationHooks, takeContainer } from './migrate-container.ts';
import type { MigrationEvent } from './migrate-from.ts';
import type { PodmanAround } from './podman-around.ts';
import { podmanPodOptions } from './podman-pod.ts';
import { podmanRequest } from './podman-request.ts';
import { createPod } from './pods.ts';

/** Libpod's numbers of running, paused and being stopped. */
const LIVE_STATES = new Set([3, 5, 8]);

type Tell = (event: MigrationEvent) => void;

/** Pods, then containers in the order in which they depend on each other. */
export async function migratePodmanContainers(
  engine: Engine,
  { state, hasChanges }: PodmanContents,
  tell: Tell,
): Promise<void> {
  const known = readAll(state, tell);
  for (const pod of state.pods) {
    let name = pod.id.slice(0, 12);
    try {
      const config = pod.config();
      name = config.name ?? name;
      await takePod(engine, known, { config, infraId: pod.infraId });
      tell({ kind: 'pod', name });
    } catch (error) {
      tell({ kind: 'failed', text: `pod ${name} is not taken: ${messageOf(error)}` });
    }
  }
  for (const one of inOrder(known)) {
    const { name = one.row.id.slice(0, 12) } = one.config;
    // It came with its pod.
    if (one.config.pause === true) continue;
    try {
      await takeOne(engine, known, one);
      tell({ kind: 'container', name });
      const isRunning = LIVE_STATES.has(one.row.state.state);
      const changes = hasChanges(one.row.id) ?? one.row.state.hasStarted;
      for (const text of leftBehind('podman', { name, isRunning, hasChanges: changes }))
        tell({ kind: 'note', text });
    } catch (error) {
      tell({ kind: 'failed', text: `container ${name} is not taken: ${messageOf(error)}` });
    }
  }
}

interface Known {
  row: PodmanContainerRow;
  config: PodmanConfig;
}

interface Everything {
  containers: ReadonlyMap<string, Known>;
  podNames: ReadonlyMap<string, string>;
}

function readAll(state: PodmanState, tell: Tell): Everything {
  const containers = new Map<string, Known>();
  for (const row of state.containers) {
    try {
      containers.set(row.id, { row, config: row.config() });
    } catch (error) {
      tell({ kind: 'failed', text: `container ${row.id.slice(0, 12)} is not taken: ${messageOf(error)}` });
    }
  }
  const podNames = new Map<string, string>();
  for (const pod of state.pods) {
    try {
      podNames.set(pod.id, pod.config().name ?? pod.id);
    } catch {
      // Told when its turn comes.
    }
  }
  return { containers, podNames };
}

/** Those first that others depend on; whoever depends on itself comes in any order. */
function inOrder({ containers }: Everything): Known[] {
  const ordered = new Set<Known>();
  const visit = (one: Known | undefined, path: ReadonlySet<Known>): void => {
    if (one === undefined || ordered.has(one) || path.has(one)) return;
    const { config } = one;
    const holders = [
      ...[config.netNsCtr, config.pidNsCtr, config.ipcNsCtr, config.utsNsCtr, config.userNsCtr],
      ...[config.cgroupNsCtr, ...(config.Dependencies ?? [])],
    ];
    for (const id of holders) if (id) visit(containers.get(id), new Set([...path, one]));
    ordered.add(one);
  };
  for (const one of containers.values()) visit(one, new Set());
  return [...ordered];
}

async function takeOne(engine: Engine, known: Everything, { row, config }: Known): Promise<void> {
  if (config.isService === true)
    throw new InvalidSpecError('podman kube play made it: play its file with tspod kube play');
  const imageId = config.rootfsImageID ?? '';
  const image = config.RawImageName || config.rootfsImageName || imageId;
  const request = podmanRequest(config, around(engine, known, { row, config }));
  const container = {
    name: config.name ?? row.id.slice(0, 12),
    imageId,
    image,
    volumes: (config.namedVolumes ?? []).map(({ volumeName = '' }) => volumeName),
    isRunning: false,
    hasChanges: false,
  };
  await takeContainer(engine, container, request);
}

function around(engine: Engine, { containers, podNames }: Everything, { row, config }: Known): PodmanAround {
  const found = config.rootfsImageID ? engine.store.images.byId(config.rootfsImageID) : undefined;
  const image = found?.config.config;
  return {
    networks: row.networks ?? config.newNetworks ?? {},
    nameOf: (id) => {
      const name = containers.get(id)?.config.name;
      if (name !== undefined) return name;
      throw new NotFoundError('container', id, {
        message: `it needs the container ${id.slice(0, 12)}, which podman lacks`,
      });
    },
    podOf: (id) => {
      const name = podNames.get(id);
      if (name !== undefined && findPod(engine.db, name) !== undefined) return name;
      throw new NotFoundError('pod', name ?? id, {
        message: `its pod ${name ?? id.slice(0, 12)} is not here`,
      });
    },
    image: image && {
      entrypoint: image.entrypoint ?? [],
      env: image.env ?? [],
      workdir: image.workingDir ?? '',
    },
    defaultCapabilities: engine.config.containers.defaultCapabilities.map(parseCapability),
  };
}

async function takePod(
  engine: Engine,
  known: Everything,
  { config, infraId }: { config: ReturnType<PodmanState['pods'][number]['config']>; infraId: string },
): Promise<void> {
  const name = config.name ?? '';
  if (findPod(engine.db, name) !== undefined) throw new InUseError('there is one of that name here');
  if (config.serviceContainerID)
    throw new InvalidSpecError('podman kube play made it: play its file with tspod kube play');
  const infra = config.hasInfra === true ? known.containers.get(infraId) : undefined;
  if (config.hasInfra === true && infra === undefined)
    throw new NotFoundError('container', infraId, { message: 'podman lacks its infra container' });
  const options = podmanPodOptions(config, infra?.config, around(engine, known, infra ?? nobody(config.id)));
  await createPod(
    engine,
    { options, createCommand: [] },
    migrationHooks(`pod ${name}`, options.infraImage ?? ''),
  );
}

function nobody(id = ''): Known {
  return {
    row: { id, config: () => ({}), state: { state: 0, hasStarted: false }, networks: undefined },
    config: {},
  };
}
