import type { HealthcheckConfig, ImageRunConfig } from '../oci/image-spec.ts';
import type { ContainerSpec, SecretUse } from '../specgen/container-spec.ts';
import type { MountWriter } from './write-volumes.ts';

export type Written = Record<string, unknown>;

export interface WriteSource {
  /** As the document is to call it. */
  name: string;
  spec: ContainerSpec;
  /** Undefined: it is gone, or there never was one. */
  image: ImageRunConfig | undefined;
}

/** A container as Kubernetes says it. What its image says anyway is left out. `warn`: what cannot be said. */
export function writeContainer(
  { name, spec, image }: WriteSource,
  mounts: MountWriter,
  warn: (message: string) => void,
): Written {
  const { process, healthcheck } = spec;
  const secrets = spec.secrets ?? [];
  const ownEntrypoint = !same(process.entrypoint, image?.entrypoint ?? []);
  const ownCommand = ownEntrypoint ? process.command.length > 0 : !same(process.command, image?.cmd ?? []);
  const isProbed = healthcheck !== undefined && !same(healthcheck.test, image?.healthcheck?.test ?? []);
  return said({
    name,
    image: spec.imageName,
    command: ownEntrypoint ? process.entrypoint.map(escaped) : undefined,
    args: ownCommand ? process.command.map(escaped) : undefined,
    workingDir: process.workdir === (image?.workingDir || '/') ? undefined : process.workdir,
    env: [...plainVariables(process.env, image?.env ?? []), ...secretVariables(name, secrets, warn)],
    livenessProbe: isProbed ? probe(healthcheck) : undefined,
    resources: resources(spec),
    securityContext: security(spec, image),
    stdin: process.stdin || undefined,
    tty: process.terminal || undefined,
    volumeMounts: [...mounts.mountsOf(spec.mounts), ...mounts.secretsOf(secrets)],
  });
}

/** Without members that say nothing. */
export function said(members: Written): Written {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) =>
        value !== undefined &&
        !(Array.isArray(value) && value.length === 0) &&
        !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  );
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

/** What a reader would take for a variable. */
function escaped(text: string): string {
  return text.replace(/\$(?=[$(])/g, '$$$$');
}

/** Every container has these. */
const USUAL =
  /^(container=podman|TERM=xterm|PATH=\/usr\/local\/sbin:\/usr\/local\/bin:\/usr\/sbin:\/usr\/bin:\/sbin:\/bin|HOSTNAME=.*|HOME=.*)$/;

function plainVariables(env: readonly string[], ofImage: readonly string[]): Written[] {
  return env
    .filter((text) => !ofImage.includes(text) && !USUAL.test(text))
    .map((text) => {
      const at = text.indexOf('=');
      return { name: text.slice(0, at), value: escaped(text.slice(at + 1)) };
    });
}

function secretVariables(
  container: string,
  secrets: readonly SecretUse[],
  warn: (message: string) => void,
): Written[] {
  const known = new Map<string, string>();
  return secrets.flatMap((use): Written[] => {
    if (use.type !== 'env') return [];
    const { target, parts } = use;
    const [first] = parts ?? [];
    if (parts?.length === 1 && first !== undefined && typeof first !== 'string') {
      known.set(`${first.name}/${first.key}`, target);
      return [{ name: target, valueFrom: { secretKeyRef: first } }];
    }
    const words = parts?.map((part) => {
      if (typeof part === 'string') return escaped(part);
      const variable = known.get(`${part.name}/${part.key}`);
      return variable === undefined ? undefined : `$(${variable})`;
    });
    if (words !== undefined && !words.includes(undefined)) return [{ name: target, value: words.join('') }];
    warn(
      `container ${container}: variable ${target} is left out: Kubernetes has no words for a whole secret`,
    );
    return [];
  });
}

function probe({ test, interval, timeout, retries, startPeriod }: HealthcheckConfig): Written | undefined {
  const [kind, ...words] = test;
  if (kind === 'NONE' || kind === undefined) return undefined;
  const command = kind === 'CMD-SHELL' ? ['sh', '-c', words.join(' ')] : kind === 'CMD' ? words : test;
  const seconds = (time: number | undefined): number | undefined =>
    time === undefined || time === 0 ? undefined : Math.max(1, Math.round(time / 1e9));
  return said({
    exec: { command },
    periodSeconds: seconds(interval),
    timeoutSeconds: seconds(timeout),
    failureThreshold: retries,
    initialDelaySeconds: seconds(startPeriod),
  });
}

function resources({ resources: limits, devices }: ContainerSpec): Written {
  const cpus =
    limits.cpuQuota !== undefined && limits.cpuQuota > 0
      ? `${Math.round((limits.cpuQuota * 1000) / (limits.cpuPeriod ?? 100_000))}m`
      : undefined;
  return said({
    limits: said({
      cpu: cpus,
      memory: limits.memory === undefined ? undefined : String(limits.memory),
      ...Object.fromEntries(
        devices.map(({ source, destination, permissions }) => [
          `podman.io/device=${source}:${destination}:${permissions}`,
          1,
        ]),
      ),
    }),
    requests: said({
      cpu: limits.cpuShares === undefined ? undefined : `${Math.round((limits.cpuShares * 1000) / 1024)}m`,
      memory: limits.memoryReservation === undefined ? undefined : String(limits.memoryReservation),
    }),
  });
}

function security(spec: ContainerSpec, image: ImageRunConfig | undefined): Written {
  const { privileged, capAdd, capDrop, noNewPrivileges, seccomp, selinux, unmask, apparmor } = spec.security;
  const own = spec.process.user !== (image?.user ?? '');
  const [, user, group] = own ? (/^(\d+)(?::(\d+))?$/.exec(spec.process.user) ?? []) : [];
  const labels = selinux.flatMap((word) => {
    const [, key, value] = /^(user|role|type|level|filetype):(.*)$/.exec(word) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
  return said({
    privileged: privileged || undefined,
    readOnlyRootFilesystem: spec.readOnlyRootfs || undefined,
    allowPrivilegeEscalation: noNewPrivileges ? false : undefined,
    runAsUser: user === undefined ? undefined : Number(user),
    runAsGroup: group === undefined ? undefined : Number(group),
    capabilities: said({ add: capAdd, drop: capDrop }),
    procMount: unmask.includes('ALL') ? 'Unmasked' : undefined,
    seLinuxOptions: Object.fromEntries(labels),
    seccompProfile: seccomp === 'unconfined' ? { type: 'Unconfined' } : undefined,
    appArmorProfile: apparmor === 'unconfined' ? { type: 'Unconfined' } : undefined,
  });
}
