import type { ContainerSpec, NetworkSpec, PortMapping } from '../specgen/container-spec.ts';
import { said, type Written, writeContainer, type WriteSource } from './write-container.ts';
import { mountWriter } from './write-volumes.ts';

export interface PodSource {
  name: string;
  labels: Readonly<Record<string, string>>;
  createdAt: Date;
  /** '' : its name. */
  hostname: string;
  sharesPid: boolean;
  /** Whose network, ports and hosts the pod has; undefined: those of the only container. */
  infra: ContainerSpec | undefined;
  containers: readonly WriteSource[];
}

export interface WriteContext {
  kindOf(path: string): 'Directory' | 'File' | 'Socket' | undefined;
  warn(message: string): void;
  /** `key=value` of those that every container has. */
  usualSysctls: readonly string[];
  /** With annotations that only podman and tspod understand. */
  podmanOnly: boolean;
}

const USUAL_STOP_TIMEOUT = 10;

export function writePod(source: PodSource, context: WriteContext): Written {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: said({
      name: dnsName(source.name),
      creationTimestamp: source.createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
      labels: { app: dnsName(source.name), ...source.labels },
      annotations: annotations(source, context),
    }),
    spec: podSpec(source, context),
  };
}

function podSpec(source: PodSource, context: WriteContext): Written {
  const { containers, infra, hostname, sharesPid } = source;
  const mounts = mountWriter(context.kindOf, context.warn);
  const [first] = containers;
  const shared = infra ?? first?.spec;
  const write = (each: WriteSource): Written => writeContainer(each, mounts, context.warn);
  const isInit = ({ spec }: WriteSource): boolean => spec.podRole?.startsWith('init-') === true;
  const main = containers.filter((each) => !isInit(each)).map(write);
  const init = containers.filter(isInit).map(write);
  const ports = shared === undefined ? [] : writePorts(shared.network.ports);
  if (main[0] !== undefined && ports.length > 0) main[0]['ports'] = ports;
  const stops = containers.map(({ spec }) => spec.stopTimeout);
  const stop = Math.max(...stops, 0);
  return said({
    containers: main,
    initContainers: init,
    hostname: hostname === '' ? undefined : hostname,
    hostNetwork: shared?.network.mode.mode === 'host' ? true : undefined,
    hostPID: shared?.namespaces.pid.mode === 'host' ? true : undefined,
    hostIPC: first?.spec.namespaces.ipc.mode === 'host' ? true : undefined,
    shareProcessNamespace: sharesPid ? true : undefined,
    hostUsers: shared?.userNamespace === undefined ? undefined : false,
    hostAliases: shared === undefined ? undefined : hostAliases(shared.network),
    dnsConfig: shared === undefined ? undefined : dnsConfig(shared.network),
    restartPolicy: restartPolicy(containers),
    securityContext: podSecurity(shared, containers, context),
    terminationGracePeriodSeconds: stop === USUAL_STOP_TIMEOUT || stops.length === 0 ? undefined : stop,
    volumes: mounts.volumes,
  });
}

export function writePorts(ports: readonly PortMapping[]): Written[] {
  return ports.flatMap(({ hostIp, hostPort, containerPort, protocol, range }) =>
    Array.from({ length: range }, (_, offset) =>
      said({
        containerPort: containerPort + offset,
        hostPort: hostPort + offset,
        hostIP: hostIp === '' || hostIp === '0.0.0.0' ? undefined : hostIp,
        protocol: protocol === 'tcp' ? undefined : protocol.toUpperCase(),
      }),
    ),
  );
}

/** Kubernetes has one for all. */
function restartPolicy(containers: readonly WriteSource[]): string | undefined {
  const [first] = containers.filter(({ spec }) => spec.podRole === undefined);
  switch (first?.spec.restart.name) {
    case 'always':
    case 'unless-stopped':
      return 'Always';
    case 'on-failure':
      return 'OnFailure';
    case 'no':
      return 'Never';
    case undefined:
      return undefined;
  }
}

function hostAliases({ addHosts }: NetworkSpec): Written[] {
  const names = new Map<string, string[]>();
  for (const text of addHosts) {
    const at = text.indexOf(':');
    const ip = text.slice(at + 1);
    if (ip === 'host-gateway') continue;
    names.set(ip, [...(names.get(ip) ?? []), ...text.slice(0, at).split(';')]);
  }
  return [...names].map(([ip, hostnames]) => ({ ip, hostnames }));
}

function dnsConfig({ dnsServers, dnsSearch, dnsOptions }: NetworkSpec): Written {
  return said({
    nameservers: dnsServers,
    searches: dnsSearch,
    options: dnsOptions.map((text) => {
      const [name = '', value] = text.split(':');
      return { name, ...(value === undefined ? {} : { value }) };
    }),
  });
}

function podSecurity(
  shared: ContainerSpec | undefined,
  containers: readonly WriteSource[],
  { usualSysctls }: WriteContext,
): Written {
  const groups = containers
    .flatMap(({ spec }) => spec.process.groupAdd)
    .filter((group) => /^\d+$/.test(group));
  return said({
    supplementalGroups: [...new Set(groups)].map(Number),
    sysctls: Object.entries(shared?.sysctl ?? {})
      .filter(([name, value]) => !usualSysctls.includes(`${name}=${value}`))
      .map(([name, value]) => ({ name, value })),
  });
}

const OWN = 'io.podman.annotations.';

function annotations({ containers }: PodSource, { podmanOnly }: WriteContext): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { name, spec } of containers) {
    for (const key of ['io.containers.autoupdate', 'io.containers.autoupdate.authfile']) {
      const value = spec.labels[key];
      if (value !== undefined) all[`${key}/${name}`] = value;
    }
    if (spec.podRole === 'init-always') all[`${OWN}init.container.type`] = 'always';
    if (!podmanOnly) continue;
    if (spec.autoRemove) all[`${OWN}autoremove/${name}`] = 'TRUE';
    if (spec.init !== undefined) all[`${OWN}init/${name}`] = 'TRUE';
    const { pidsLimit, pidsLimitGiven, cpusetCpus, cpusetMems } = spec.resources;
    if (pidsLimitGiven && pidsLimit !== undefined) all[`${OWN}pids-limit/${name}`] = String(pidsLimit);
    if (cpusetCpus !== undefined) all[`${OWN}cpuset/${name}`] = cpusetCpus;
    if (cpusetMems !== undefined) all[`${OWN}memory-nodes/${name}`] = cpusetMems;
  }
  return all;
}

/** Kubernetes' names have neither capitals nor underscores. */
export function dnsName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
