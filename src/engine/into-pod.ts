import type { ContainerRecord } from '../libpod/container.ts';
import type { PodRecord } from '../libpod/pod.ts';
import type { ContainerSpec, NamespaceMode } from '../specgen/container-spec.ts';

/** The same container as a member of a pod: with what the pod shares, below its cgroup, after its infra container. */
export function intoPod(
  spec: ContainerSpec,
  pod: PodRecord,
  infra: ContainerRecord | undefined,
): ContainerSpec {
  const parent = pod.spec.cgroup ?? pod.spec.cgroupParent;
  const resources = parent === undefined ? spec.resources : { ...spec.resources, cgroupParent: parent };
  if (infra === undefined) return { ...spec, resources };
  const { shares } = pod.spec;
  const joined = { mode: 'container', id: infra.id } as const;
  const namespaces = { ...spec.namespaces };
  for (const kind of ['cgroup', 'ipc', 'pid', 'user', 'uts'] as const)
    if (shares.includes(kind)) namespaces[kind] = joined;
  const network = shares.includes('net') ? { ...spec.network, mode: joined, ports: [] } : spec.network;
  const { hostname, ...rest } = spec;
  return {
    ...rest,
    ...userNamespaceOf(namespaces.user, infra, spec),
    hostname: shares.includes('uts') ? undefined : hostname,
    resources,
    namespaces,
    network,
    requires: withId(spec.requires, infra.id),
    dependencies: withId(spec.dependencies, infra.id),
  };
}

/** The same container in the copy of its pod: what it had of the pod, and of the other members, it has of theirs. */
export function movedToCopy(
  spec: ContainerSpec,
  ids: ReadonlyMap<string, string>,
  pods: { from: PodRecord; to: PodRecord; infra: ContainerRecord | undefined },
): ContainerSpec {
  const now = (id: string): string => ids.get(id) ?? id;
  const moved = <Mode extends { mode: string }>(mode: Mode): Mode =>
    'id' in mode && typeof mode.id === 'string' ? { ...mode, id: now(mode.id) } : mode;
  const { pid, ipc, uts, cgroup } = spec.namespaces;
  const user = userIn(spec.namespaces.user, pods, now);
  const parent = ({ spec: { cgroup: own, cgroupParent } }: PodRecord) => own ?? cgroupParent;
  const { cgroupParent, ...limits } = spec.resources;
  const newParent = cgroupParent === parent(pods.from) ? parent(pods.to) : cgroupParent;
  const { userNamespace: _own, ...rest } = spec;
  return {
    ...rest,
    ...userNamespaceOf(user, pods.infra, spec),
    namespaces: {
      pid: moved(pid),
      ipc: moved(ipc),
      uts: moved(uts),
      cgroup: moved(cgroup),
      user,
    },
    network: { ...spec.network, mode: moved(spec.network.mode) },
    resources: { ...limits, ...(newParent === undefined ? {} : { cgroupParent: newParent }) },
    ...(spec.requires === undefined ? {} : { requires: spec.requires.map(now) }),
    dependencies: spec.dependencies.map(now),
  };
}

/** A copy may have users of its own where its pod had none, or none where it had. */
function userIn(
  mode: NamespaceMode,
  { from, to, infra }: { from: PodRecord; to: PodRecord; infra: ContainerRecord | undefined },
  now: (id: string) => string,
): NamespaceMode {
  const [was, is] = [from, to].map(({ spec }) => spec.shares.includes('user'));
  if (was === is || infra === undefined)
    return mode.mode === 'container' ? { ...mode, id: now(mode.id) } : mode;
  return is ? { mode: 'container', id: infra.id } : { mode: 'host' };
}

/** Who joins a user namespace has the ids of the one who made it. */
function userNamespaceOf(
  mode: NamespaceMode,
  infra: ContainerRecord | undefined,
  spec: ContainerSpec,
): Pick<ContainerSpec, 'userNamespace'> {
  if (mode.mode === 'host') return {};
  const maps =
    mode.mode === 'container' && mode.id === infra?.id ? infra.spec.userNamespace : spec.userNamespace;
  return maps === undefined ? {} : { userNamespace: maps };
}

function withId(ids: readonly string[] | undefined, id: string): string[] {
  return [...new Set([...(ids ?? []), id])];
}
