import { shortId } from '../../../base/ids.ts';
import {
  type ContainerNamespaces,
  containerNamespaces,
  displayState,
  type ListedContainer,
} from '../../../engine/list-containers.ts';
import { goTimeText } from '../../output/go-time.ts';
import { humanAge, humanDuration } from '../../../base/human-duration.ts';
import { humanSize } from '../../output/human-size.ts';
import { type GoObject, goMap, goStruct } from '../../output/template/go-value.ts';
import { mergePorts, portText } from './port-text.ts';

export interface ContainerRowStyle {
  noTrunc: boolean;
  /** `--ns`: namespaces are in the JSON. */
  namespaces: boolean;
}

/** Go's unix time of a time that nobody has set. */
const NEVER = -62_135_596_800;
const SHORT_COMMAND = 17;

/**
 * Fields under podman's names; what costs something is worked out when a template asks for it. As JSON podman's document. A class, as
 * a thousand objects with that many getters each would take longer to make than to print.
 */
export class ContainerRow {
  readonly #container: ListedContainer;
  readonly #style: ContainerRowStyle;

  constructor(container: ListedContainer, style: ContainerRowStyle) {
    this.#container = container;
    this.#style = style;
  }

  get ID(): string {
    return this.#id(this.#container.record.id);
  }
  get Image(): string {
    return this.#container.record.imageName;
  }
  get ImageID(): string {
    return this.#id(this.#container.record.imageId ?? '');
  }
  get Command(): string {
    const command = this.#container.glance.command.join(' ');
    const isLong = !this.#style.noTrunc && command.length > SHORT_COMMAND;
    return isLong ? `${command.slice(0, SHORT_COMMAND)}...` : command;
  }
  get Created(): string {
    return this.CreatedAt;
  }
  get CreatedAt(): string {
    return goTimeText(this.#container.record.createdAt, { fraction: true, local: true });
  }
  get CreatedHuman(): string {
    return humanAge(this.#container.record.createdAt);
  }
  get RunningFor(): string {
    return this.CreatedHuman;
  }
  get Status(): string {
    return statusText(this.#container);
  }
  get State(): string {
    return displayState(this.#container.record.state);
  }
  get Ports(): string {
    const { ports, exposedPorts } = this.#container.glance;
    return portText(ports, exposedPorts);
  }
  get Names(): string {
    return this.#container.record.name;
  }
  get Size(): string {
    return sizeText(this.#container);
  }
  get Labels(): unknown {
    return goMap(this.#container.record.spec.labels);
  }
  get Label(): (name: unknown) => string {
    return (name) => this.#container.record.spec.labels[String(name)] ?? '';
  }
  get Mounts(): unknown {
    return mountPoints(this.#container);
  }
  get Networks(): string {
    return networks(this.#container).join(',');
  }
  get Namespaces(): unknown {
    return namespacesJson(this.#container);
  }
  get Cgroup(): string {
    return this.#namespaces.cgroup;
  }
  get IPC(): string {
    return this.#namespaces.ipc;
  }
  get MNT(): string {
    return this.#namespaces.mnt;
  }
  get NET(): string {
    return this.#namespaces.net;
  }
  get PIDNS(): string {
    return this.#namespaces.pid;
  }
  get User(): string {
    return this.#namespaces.user;
  }
  get UTS(): string {
    return this.#namespaces.uts;
  }
  get Pod(): string {
    return this.#id(this.#container.record.podId ?? '');
  }
  get PodName(): string {
    return this.#container.podName;
  }
  get Pid(): number {
    return this.#container.record.pid ?? 0;
  }
  get Restarts(): string {
    return String(this.#container.record.restartCount);
  }
  get ExitCode(): number {
    return this.#container.record.exitCode ?? 0;
  }
  get Exited(): boolean {
    return this.#container.record.state === 'exited';
  }
  get ExitedAt(): number {
    return unixTime(this.#container.record.finishedAt);
  }
  get StartedAt(): number {
    return unixTime(this.#container.record.startedAt);
  }
  get AutoRemove(): boolean {
    return this.#container.record.spec.autoRemove;
  }
  get CIDFile(): string {
    return this.#container.record.spec.cidFile ?? '';
  }
  get ExposedPorts(): unknown {
    return goMap(exposedByPort(this.#container.glance.exposedPorts) ?? {});
  }
  get IsInfra(): boolean {
    return isInfra(this.#container);
  }
  /** docker's, which podman does not fill. */
  get LocalVolumes(): string {
    const { mounts } = this.#container.record.spec;
    return String(mounts.filter(({ type }) => type === 'volume' || type === 'image-volume').length);
  }
  get Platform(): string {
    return 'linux';
  }

  toJSON(): unknown {
    return jsonOf(this.#container, this.#style);
  }

  get #namespaces(): ContainerNamespaces {
    return containerNamespaces(this.#container.record);
  }

  #id(id: string): string {
    return this.#style.noTrunc ? id : shortId(id);
  }
}

goStruct('containers.psReporter', ContainerRow.prototype as unknown as GoObject, {
  aliases: { Id: 'ID', CreatedTime: 'CreatedAt', CGROUPNS: 'Cgroup', USERNS: 'User' },
});

function isInfra({ record }: ListedContainer): boolean {
  return record.podId !== undefined && record.spec.podRole === 'infra';
}

/** podman's members of `ps --format json`, in its order. */
function jsonOf(container: ListedContainer, style: ContainerRowStyle): GoObject {
  const { record, glance, sizes } = container;
  const { spec } = record;
  const ports = mergePorts(glance.ports);
  return {
    AutoRemove: spec.autoRemove,
    Command: glance.command.length === 0 ? null : glance.command,
    CreatedAt: humanAge(record.createdAt),
    CIDFile: spec.cidFile ?? '',
    Exited: record.state === 'exited',
    ExitedAt: unixTime(record.finishedAt),
    ExitCode: record.exitCode ?? 0,
    ExposedPorts: exposedByPort(glance.exposedPorts),
    Id: record.id,
    Image: record.imageName,
    ImageID: record.imageId ?? '',
    IsInfra: isInfra(container),
    Labels: Object.keys(spec.labels).length === 0 ? null : goMap(spec.labels),
    Mounts: mountPoints(container),
    Names: [record.name],
    Namespaces: style.namespaces ? namespacesJson(container) : {},
    Networks: networks(container),
    Pid: record.pid ?? 0,
    Pod: record.podId ?? '',
    PodName: container.podName,
    Ports:
      ports.length === 0
        ? null
        : ports.map(({ hostIp, hostPort, containerPort, range, protocol }) => ({
            host_ip: hostIp,
            container_port: containerPort,
            host_port: hostPort,
            range,
            protocol,
          })),
    Restarts: record.restartCount,
    Size: sizes === undefined ? null : { rootFsSize: sizes.total, rwSize: sizes.own },
    StartedAt: unixTime(record.startedAt),
    State: displayState(record.state),
    Status: statusText(container),
    Created: unixTime(record.createdAt),
  };
}

/** `Up 2 minutes`, `Exited (0) 3 seconds ago`, `Created`, with the state of health behind it. */
export function statusText({ record, health }: ListedContainer): string {
  const state = displayState(record.state);
  const suffix = health === '' ? '' : ` (${health})`;
  switch (state) {
    case 'running':
      return `Up ${humanDuration(since(record.startedAt))}${suffix}`;
    case 'exited':
      return `Exited (${record.exitCode ?? 0}) ${humanDuration(since(record.finishedAt))} ago${suffix}`;
    default:
      return `${state.charAt(0).toUpperCase()}${state.slice(1)}${suffix}`;
  }
}

function since(time: string | undefined): number {
  return Date.now() - (time === undefined ? Date.now() : Date.parse(time));
}

export function sizeText({ sizes }: ListedContainer): string {
  if (sizes === undefined) return '';
  return `${humanSize(sizes.own, 3)} (virtual ${humanSize(sizes.total, 3)})`;
}

function unixTime(time: string | undefined): number {
  return time === undefined ? NEVER : Math.trunc(Date.parse(time) / 1000);
}

function mountPoints({ record }: ListedContainer): string[] {
  return record.spec.mounts.map((mount) => mount.destination);
}

function networks({ record }: ListedContainer): string[] {
  const { mode } = record.spec.network;
  return mode.mode === 'bridge' ? mode.networks.map(({ name }) => name) : [];
}

/** `{ "80": ["tcp"] }`, or null. */
function exposedByPort(exposed: readonly string[]): Record<string, string[]> | null {
  if (exposed.length === 0) return null;
  const ports: Record<string, string[]> = {};
  for (const text of exposed) {
    const [port = '', protocol = 'tcp'] = text.split('/');
    ports[port] = [...(ports[port] ?? []), protocol];
  }
  return ports;
}

function namespacesJson({ record }: ListedContainer): GoObject {
  const { cgroup, ipc, mnt, net, pid, user, uts } = containerNamespaces(record);
  const all = { Mnt: mnt, Cgroup: cgroup, Ipc: ipc, Net: net, Pidns: pid, Uts: uts, User: user };
  return Object.fromEntries(Object.entries(all).filter(([, inode]) => inode !== ''));
}
