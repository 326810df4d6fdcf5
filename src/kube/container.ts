import { InvalidSpecError } from '../base/errors.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import { containerAnnotations, initType, volumesFrom } from './annotations.ts';
import type { Metadata } from './documents.ts';
import { environmentOf, expandText, splitVariables } from './environment.ts';
import {
  choiceOf,
  type Field,
  flagOf,
  itemsOf,
  membersOf,
  numberOf,
  recordIn,
  requiredText,
  textOf,
  withoutEffect,
} from './field.ts';
import type { ContainerPlan } from './plan.ts';
import { healthOptions } from './probes.ts';
import { quantityOf } from './quantity.ts';
import { containerSecurity, type PodSecurity } from './security-context.ts';
import type { PlayContext } from './sources.ts';
import { mountsOf } from './volume-mounts.ts';
import { type PodVolume, pullOf } from './volumes.ts';

/** What a container has of its pod. */
export interface ContainerSurroundings {
  context: PlayContext;
  pod: Metadata;
  volumes: ReadonlyMap<string, PodVolume>;
  security: PodSecurity;
  /** Of the pod: `no`, `always` or `on-failure`. */
  restart: string;
  stopTimeout: number | undefined;
  hostIpc: boolean;
}

const TAKES =
  'name image imagePullPolicy command args workingDir env envFrom ports resources volumeMounts volumeDevices lifecycle livenessProbe startupProbe securityContext stdin stdinOnce tty';
/** Readiness is told to a cluster's services, and there are none; podman leaves out the others as well. */
const IDLE = 'readinessProbe resizePolicy terminationMessagePath terminationMessagePolicy';
/** What a cluster fills in by itself. */
const USUAL = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' };
const REFUSED = {
  restartPolicyRules: 'a pod has one restart policy',
};

/** One of a pod's containers, with its ports, which are published by the pod. */
export function containerOf(
  field: Field,
  surroundings: ContainerSurroundings,
  isInit: boolean,
): { plan: ContainerPlan; publish: string[] } {
  const { context, pod } = surroundings;
  const members = membersOf(field, {
    takes: `${TAKES} ${IDLE}${isInit ? '' : ' restartPolicy'}`,
    refuses: { ...REFUSED, restartPolicy: 'an init container runs to its end: put it among the containers' },
  });
  context.leaveOut(withoutEffect(members, IDLE, USUAL));
  const name = requiredText(members('name'), `${field.path}.name`);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw new InvalidSpecError(
      `${field.path}.name: ${JSON.stringify(name)} cannot be the name of a container`,
    );
  const resources = members('resources');
  const variables = environmentOf(members('envFrom'), members('env'), { context, pod, resources });
  const { env, secrets } = splitVariables(variables);
  const mounted = mountsOf(members('volumeMounts'), members('volumeDevices'), {
    volumes: surroundings.volumes,
    variables,
    annotations: pod.annotations,
  });
  const { publish, ports } = portsOf(members('ports'), context.publishAll);
  const security = containerSecurity(members('securityContext'), surroundings.security, context);
  const annotated = containerAnnotations(pod.annotations, { name, field, seccompRoot: context.seccompRoot });
  const words = (list: Field | undefined): string[] =>
    itemsOf(list).map((item) => expandText(textOf(item) ?? '', variables, item));
  const command = words(members('command'));
  const image = requiredText(members('image'), `${field.path}.image`);
  const restart = restartOf(members('restartPolicy')) ?? surroundings.restart;
  const options: CreateOptions = {
    ...security.options,
    ...annotated,
    ...resourceOptions(resources),
    ...healthOptions(members('livenessProbe'), members('startupProbe'), {
      ports,
      restarts: restart !== 'no',
      context,
    }),
    name: context.noPodPrefix ? name : `${pod.name}-${name}`,
    annotation: Object.entries(pod.annotations).map(([key, value]) => `${key}=${value}`),
    label: [...pairs(pod.labels), ...(annotated.label ?? [])],
    env,
    pull:
      pullOf(choiceOf(members('imagePullPolicy'), ['Always', 'IfNotPresent', 'Never'])) ?? usualPull(image),
    ...(isInit ? { initCtr: initType(pod.annotations) } : { restart }),
    ...(surroundings.stopTimeout === undefined ? {} : { stopTimeout: surroundings.stopTimeout }),
    ...(surroundings.hostIpc ? { ipc: 'host' } : {}),
  };
  const stopSignal = stopSignalOf(members('lifecycle'), context);
  if (stopSignal !== undefined) options.stopSignal = stopSignal;
  const securityOpt = [...(security.options.securityOpt ?? []), ...(annotated.securityOpt ?? [])];
  if (securityOpt.length > 0) options.securityOpt = securityOpt;
  if (command.length > 0) options.entrypoint = JSON.stringify(command);
  const workdir = textOf(members('workingDir'));
  if (workdir) options.workdir = expandText(workdir, variables, field);
  if (flagOf(members('stdin')) === true) options.interactive = true;
  if (flagOf(members('tty')) === true) options.tty = true;
  const devices = [...mounted.devices, ...deviceLimits(resources)];
  if (devices.length > 0) options.device = devices;
  const donors = volumesFrom(pod.annotations, name);
  if (donors.length > 0) options.volumesFrom = donors;
  const extras = {
    mounts: mounted.mounts,
    secrets: [...secrets, ...mounted.secrets],
    ...(workdir ? { makeWorkdir: true } : {}),
  };
  const request = { options, image, command: words(members('args')), extras };
  const { group, nonRoot } = security;
  return { plan: { name, path: field.path, request, isInit, group, nonRoot }, publish };
}

/** Of what is run at the start and before the end podman knows nothing either. */
function stopSignalOf(field: Field | undefined, context: PlayContext): string | undefined {
  if (field === undefined) return undefined;
  const members = membersOf(field, { takes: 'stopSignal postStart preStop' });
  context.leaveOut(withoutEffect(members, 'postStart preStop'));
  return textOf(members('stopSignal')) || undefined;
}

function pairs(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

/** podman asks the registry for what may have changed; what was built here has none. */
function usualPull(image: string): string {
  if (image.startsWith('localhost/') || image.includes('@')) return 'missing';
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'newer' : 'missing';
}

export function restartOf(field: Field | undefined): string | undefined {
  const policy = choiceOf(field, ['Always', 'OnFailure', 'Never']);
  return policy === undefined
    ? undefined
    : { Always: 'always', OnFailure: 'on-failure', Never: 'no' }[policy];
}

function portsOf(field: Field | undefined, publishAll: boolean) {
  const publish: string[] = [];
  const ports = new Map<string, number>();
  for (const item of itemsOf(field)) {
    const members = membersOf(item, { takes: 'name containerPort hostPort hostIP protocol' });
    const port = numberOf(members('containerPort'), [1, 65_535]);
    const hostPort = numberOf(members('hostPort'), [0, 65_535]) || (publishAll ? port : undefined);
    if (port === undefined) throw new InvalidSpecError(`${item.path}.containerPort: is missing`);
    const name = textOf(members('name'));
    if (name) ports.set(name, port);
    if (hostPort === undefined) continue;
    const ip = textOf(members('hostIP')) ?? '';
    if (ip !== '' && !/^[\d.]+$|^[\da-fA-F:.]+$/.test(ip))
      throw new InvalidSpecError(`${item.path}.hostIP: ${JSON.stringify(ip)} is not an address`);
    const protocol = (choiceOf(members('protocol'), ['TCP', 'UDP', 'SCTP']) ?? 'TCP').toLowerCase();
    publish.push(
      `${ip === '' ? '' : `${ip.includes(':') ? `[${ip}]` : ip}:`}${hostPort}:${port}/${protocol}`,
    );
  }
  return { publish, ports };
}

const DEVICE = 'podman.io/device=';

function resourceOptions(field: Field | undefined): CreateOptions {
  const options: CreateOptions = {};
  if (field === undefined) return options;
  const members = membersOf(field, {
    takes: 'limits requests',
    refuses: { claims: 'there are no device drivers' },
  });
  for (const [group, amounts] of [
    ['limits', members('limits')],
    ['requests', members('requests')],
  ] as const) {
    if (amounts === undefined) continue;
    for (const [name, value] of Object.entries(recordIn(amounts))) {
      if (name === 'ephemeral-storage' || name.startsWith(DEVICE)) continue;
      const item = { path: `${amounts.path}.${name}`, value };
      if (name !== 'cpu' && name !== 'memory')
        throw new InvalidSpecError(`${item.path}: there is no such resource on one machine: cpu and memory`);
      const amount = quantityOf(item);
      if (amount === 0) continue;
      if (name === 'memory')
        options[group === 'limits' ? 'memory' : 'memoryReservation'] = `${Math.ceil(amount)}b`;
      else if (group === 'limits') options.cpus = amount;
      else options.cpuShares = Math.max(2, Math.round(amount * 1024));
    }
  }
  return options;
}

/** podman's way to ask for devices of the host. */
function deviceLimits(field: Field | undefined): string[] {
  const limits = field === undefined ? undefined : membersOf(field, { takes: 'limits requests' })('limits');
  if (limits === undefined) return [];
  return Object.keys(recordIn(limits)).flatMap((name) =>
    name.startsWith(DEVICE) ? [name.slice(DEVICE.length)] : [],
  );
}
