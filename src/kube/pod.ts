import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import { podAnnotations } from './annotations.ts';
import { containerOf, restartOf } from './container.ts';
import type { Metadata } from './documents.ts';
import {
  choiceOf,
  type Field,
  flagOf,
  itemsOf,
  type Members,
  membersOf,
  numberOf,
  requiredText,
  textOf,
  textsOf,
  withoutEffect,
} from './field.ts';
import type { PodPlan } from './plan.ts';
import { podSecurity } from './security-context.ts';
import type { PlayContext } from './sources.ts';
import type { PodTemplate } from './workload.ts';
import { volumesOf } from './volumes.ts';

const TAKES =
  'containers initContainers volumes restartPolicy hostNetwork hostPID hostIPC hostUsers hostname hostAliases os dnsPolicy dnsConfig securityContext shareProcessNamespace terminationGracePeriodSeconds';
/** They speak of a cluster, or ask for what podman leaves out, too. */
const IDLE =
  'activeDeadlineSeconds affinity nodeSelector nodeName tolerations topologySpreadConstraints schedulerName schedulingGates priority priorityClassName preemptionPolicy serviceAccount serviceAccountName automountServiceAccountToken imagePullSecrets readinessGates setHostnameAsFQDN subdomain overhead';
/** What a cluster fills in by itself, or holds anyway. */
const USUAL = {
  automountServiceAccountToken: false,
  preemptionPolicy: 'PreemptLowerPriority',
  priority: 0,
  schedulerName: 'default-scheduler',
  serviceAccount: 'default',
  serviceAccountName: 'default',
  setHostnameAsFQDN: false,
};
const REFUSED = {
  ephemeralContainers: 'they are for a running pod: use `exec`',
  runtimeClassName: 'name the runtime with the option --runtime',
  hostnameOverride: 'use hostname',
  resourceClaims: 'there are no device drivers',
  resources: 'limits belong to the containers',
};

/** A pod's spec, or that of a template. `metadata` has the name that the pod gets. */
export function podOf(
  { spec: field, metadata: given, attempts }: Pick<PodTemplate, 'spec' | 'metadata' | 'attempts'>,
  context: PlayContext,
): PodPlan {
  const id = context.newId();
  const metadata: Metadata = {
    ...given,
    uid: id,
    labels: { ...given.labels, ...context.labels },
    annotations: { ...given.annotations, ...context.annotations },
  };
  const members = membersOf(field, {
    takes: `${TAKES} ${IDLE}`,
    ignores: 'enableServiceLinks',
    refuses: REFUSED,
  });
  context.leaveOut(withoutEffect(members, IDLE, USUAL));
  checkSystem(members('os'));
  const volumes = volumesOf(members('volumes'), metadata, context);
  const security = podSecurity(members('securityContext'), context);
  const surroundings = {
    context,
    pod: metadata,
    volumes,
    security,
    restart: limited(restartOf(members('restartPolicy')) ?? 'always', attempts),
    stopTimeout: numberOf(members('terminationGracePeriodSeconds')),
    hostIpc: flagOf(members('hostIPC')) === true,
  };
  const containers = [
    ...itemsOf(members('initContainers')).map((item) => containerOf(item, surroundings, true)),
    ...itemsOf(members('containers')).map((item) => containerOf(item, surroundings, false)),
  ];
  if (!containers.some(({ plan }) => !plan.isInit))
    throw new InvalidSpecError(`${field.path}.containers: is missing`);
  const plans = containers.map(({ plan }) => plan);
  checkNames(plans, metadata.name);
  for (const { request } of plans)
    if (request.options.volumesFrom !== undefined)
      request.options.volumesFrom = request.options.volumesFrom.map((text) => memberName(text, plans));
  return {
    id,
    name: metadata.name,
    options: {
      ...podOptions(members, metadata, surroundings.hostIpc),
      ...(security.sysctl.length > 0 ? { sysctl: security.sysctl } : {}),
      ...podAnnotations(metadata.annotations, field),
      publish: containers.flatMap(({ publish }) => publish),
    },
    containers: plans,
    volumes: [...volumes.values()].map(({ plan }) => plan),
  };
}

/** A Job's `backoffLimit` is of its pods; here its only pod starts the container again. */
function limited(restart: string, attempts: number | undefined): string {
  if (attempts === undefined || restart !== 'on-failure') return restart;
  return attempts === 0 ? 'no' : `on-failure:${attempts}`;
}

function checkSystem(field: Field | undefined): void {
  if (field === undefined) return;
  const name = textOf(membersOf(field, { takes: 'name' })('name'));
  if (name !== undefined && name !== 'linux')
    throw new UnsupportedError(`${field.path}.name: ${name} is not supported: containers are those of Linux`);
}

function podOptions(members: Members, metadata: Metadata, hostIpc: boolean): PodOptions {
  const shares = [
    'net',
    'uts',
    ...(hostIpc ? [] : ['ipc']),
    ...(flagOf(members('shareProcessNamespace')) === true ? ['pid'] : []),
  ];
  const isHostPid = flagOf(members('hostPID')) === true;
  if (isHostPid && shares.includes('pid'))
    throw new InvalidSpecError('hostPID and shareProcessNamespace exclude each other');
  const hostname = textOf(members('hostname'));
  const hosts = itemsOf(members('hostAliases')).flatMap((item) => {
    const parts = membersOf(item, { takes: 'ip hostnames' });
    const ip = requiredText(parts('ip'), `${item.path}.ip`);
    return (textsOf(parts('hostnames')) ?? []).map((name) => `${name}:${ip}`);
  });
  return {
    name: metadata.name,
    label: Object.entries(metadata.labels).map(([key, value]) => `${key}=${value}`),
    // When its last container has ended for good nothing of it is to run.
    exitPolicy: 'stop',
    share: [...shares, ...(isHostPid ? ['pid'] : [])].join(','),
    ...(isHostPid ? { pid: 'host' } : {}),
    ...(hostname ? { hostname } : {}),
    ...(hosts.length > 0 ? { addHost: hosts } : {}),
    ...(flagOf(members('hostNetwork')) === true ? { network: ['host'] } : {}),
    ...(flagOf(members('hostUsers')) === false ? { userns: 'auto' } : {}),
    ...dnsOptions(members),
  };
}

function dnsOptions(members: Members): Partial<PodOptions> {
  const policy = choiceOf(members('dnsPolicy'), [
    'ClusterFirst',
    'ClusterFirstWithHostNet',
    'Default',
    'None',
  ]);
  const field = members('dnsConfig');
  if (field === undefined) {
    if (policy === 'None')
      throw new UnsupportedError(`${members('dnsPolicy')?.path ?? 'dnsPolicy'}: None needs a dnsConfig`);
    return {};
  }
  const parts = membersOf(field, { takes: 'nameservers searches options' });
  const options = itemsOf(parts('options')).map((item) => {
    const option = membersOf(item, { takes: 'name value' });
    const value = textOf(option('value'));
    return `${requiredText(option('name'), `${item.path}.name`)}${value === undefined ? '' : `:${value}`}`;
  });
  const dns = textsOf(parts('nameservers')) ?? [];
  const search = textsOf(parts('searches')) ?? [];
  return {
    ...(dns.length > 0 ? { dns } : {}),
    ...(search.length > 0 ? { dnsSearch: search } : {}),
    ...(options.length > 0 ? { dnsOption: options } : {}),
  };
}

function checkNames(plans: readonly PodPlan['containers'][number][], pod: string): void {
  const seen = new Set([pod]);
  for (const { request, path } of plans) {
    const name = request.options.name ?? '';
    if (seen.has(name))
      throw new InvalidSpecError(
        `${path}.name: ${name} is the name of the pod or of another container of it`,
      );
    seen.add(name);
  }
}

/** A container of the same pod is called by its short name. */
function memberName(text: string, plans: PodPlan['containers']): string {
  const [name = '', ...rest] = text.split(':');
  const member = plans.find((plan) => plan.name === name);
  return [member?.request.options.name ?? name, ...rest].join(':');
}
