import { isDeepStrictEqual } from 'node:util';
import type { ContainerRecord } from '../libpod/container.ts';
import type { PodRecord } from '../libpod/pod.ts';
import type { ContainerSpec, MountSpec, SecuritySpec } from '../specgen/container-spec.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import { cdiDevicesFromOptions, devicesFromOptions } from '../specgen/devices.ts';
import { mountsFromOptions } from '../specgen/mounts.ts';
import { parseRestart } from '../specgen/restart.ts';
import { securityFromOptions } from '../specgen/security.ts';
import { type CreateHooks, specContext } from './create-container.ts';
import type { Engine } from './engine.ts';

export interface PodPlace {
  pod: PodRecord;
  infra: ContainerRecord | undefined;
}

/**
 * A container that exists with the devices, volumes, security options and restart policy of its new pod, instead of those that it has of
 * the old one. What it was given itself stays, also against the pod.
 */
export function withPartsOf(
  engine: Engine,
  spec: ContainerSpec,
  { from, to }: { from: PodPlace | undefined; to: PodPlace },
  hooks: Pick<CreateHooks, 'warn'>,
): ContainerSpec {
  const partsOf = (place: PodPlace | undefined) => parts(engine, spec, place, hooks);
  const [none, old, now] = [partsOf(undefined), partsOf(from), partsOf(to)];
  const { cdiDevices: named = [], ...rest } = spec;
  const cdiDevices = exchanged(named, old.cdiDevices, now.cdiDevices);
  return {
    ...rest,
    ...(cdiDevices.length === 0 ? {} : { cdiDevices }),
    devices: exchanged(spec.devices, old.devices, now.devices),
    mounts: exchangedMounts(spec.mounts, old.mounts, now.mounts),
    security: exchangedSecurity(spec.security, { none: none.security, old: old.security, now: now.security }),
    restart: restartIn(spec, { old: from?.pod.spec.restart, now: to.pod.spec.restart }),
  };
}

type Parts = Required<Pick<ContainerSpec, 'cdiDevices' | 'devices' | 'mounts' | 'security'>>;

/** What a container like this one has of a pod, and of the configuration. */
function parts(
  engine: Engine,
  { systemd }: ContainerSpec,
  place: PodPlace | undefined,
  hooks: Pick<CreateHooks, 'warn'>,
): Parts {
  const options: CreateOptions = place === undefined ? {} : inheritedOptions(place);
  const context = specContext(engine, undefined, hooks, { createCommand: [], keepOwner: false });
  return {
    cdiDevices: cdiDevicesFromOptions(options, context),
    devices: devicesFromOptions(options, context),
    mounts: mountsFromOptions(options, context, { systemd: systemd === true }),
    security: securityFromOptions(options, context),
  };
}

function inheritedOptions({ pod: { spec }, infra }: PodPlace): CreateOptions {
  return {
    ...spec.inherited,
    ...(spec.hasVolumes && infra !== undefined ? { volumesFrom: [infra.id] } : {}),
  };
}

function exchanged<Item>(own: readonly Item[], old: readonly Item[], now: readonly Item[]): Item[] {
  const kept = own.filter((item) => !old.some((each) => isDeepStrictEqual(each, item)));
  return [...now, ...kept.filter((item) => !now.some((each) => isDeepStrictEqual(each, item)))];
}

/** Two mounts at one place are one too many: the container's own wins. */
function exchangedMounts(
  own: readonly MountSpec[],
  old: readonly MountSpec[],
  now: readonly MountSpec[],
): MountSpec[] {
  const kept = own.filter((mount) => !old.some((each) => isDeepStrictEqual(each, mount)));
  const places = new Set(kept.map(({ destination }) => destination));
  return [...kept, ...now.filter(({ destination }) => !places.has(destination))];
}

function exchangedSecurity(
  own: SecuritySpec,
  { none, old, now }: { none: SecuritySpec; old: SecuritySpec; now: SecuritySpec },
): SecuritySpec {
  const exchange = <Key extends 'noNewPrivileges' | 'seccomp' | 'apparmor'>(key: Key): SecuritySpec[Key] => {
    const isOwn = own[key] !== none[key] && own[key] !== old[key];
    return isOwn ? own[key] : now[key];
  };
  const lists = (key: 'selinux' | 'mask' | 'unmask' | 'procOptions'): string[] =>
    exchanged(own[key], old[key], now[key]);
  return {
    ...own,
    noNewPrivileges: exchange('noNewPrivileges'),
    seccomp: exchange('seccomp'),
    apparmor: exchange('apparmor'),
    selinux: lists('selinux'),
    mask: lists('mask'),
    unmask: lists('unmask'),
    procOptions: lists('procOptions'),
  };
}

function restartIn(
  { restart, podRole, autoRemove }: ContainerSpec,
  { old, now }: { old: string | undefined; now: string | undefined },
): ContainerSpec['restart'] {
  const isOwn = !isDeepStrictEqual(restart, parseRestart(old));
  return isOwn || podRole !== undefined || autoRemove || now === undefined ? restart : parseRestart(now);
}
