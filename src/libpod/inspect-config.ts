import { signalName } from '../base/signals.ts';
import type { HealthcheckConfig } from '../oci/image-spec.ts';
import {
  DEFAULT_HEALTH,
  type HealthSpec,
  type PortMapping,
  type SecretUse,
} from '../specgen/container-spec.ts';
import { runtimeAnnotations } from '../specgen/to-runtime-spec.ts';
import { DOMAIN_NAME } from '../specgen/validate.ts';
import { type Row, statement } from '../state/db.ts';
import type { Libpod } from './context.ts';
import { hostnameOf } from './hostname.ts';
import type { InspectDocument, Inspected } from './inspected.ts';

export function inspectConfig({ libpod, record, running }: Inspected): InspectDocument {
  const { spec } = record;
  const { process } = spec;
  const exposed = exposedPorts(spec.exposedPorts, spec.network.ports);
  return {
    Hostname: shownHostname(libpod, record),
    Domainname: spec.sysctl[DOMAIN_NAME] ?? '',
    User: process.user,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: process.terminal,
    OpenStdin: process.stdin,
    StdinOnce: false,
    Env: withoutSecrets(running?.process.env ?? process.env, spec.secrets),
    Cmd: process.command.length === 0 ? null : process.command,
    Image: record.imageName,
    Volumes: null,
    WorkingDir: process.workdir,
    Entrypoint: process.entrypoint.length === 0 ? null : process.entrypoint,
    OnBuild: null,
    Labels: Object.keys(spec.labels).length === 0 ? null : sorted(spec.labels),
    Annotations: sorted(running?.annotations ?? runtimeAnnotations(spec)),
    StopSignal: signalName(spec.stopSignal),
    ...(spec.systemd ? { SystemdMode: true } : {}),
    ...(spec.healthcheck === undefined ? {} : { Healthcheck: healthcheck(spec.healthcheck) }),
    ...inspectHealth(spec.health ?? DEFAULT_HEALTH),
    ...(spec.createCommand.length === 0 ? {} : { CreateCommand: ['tspod', ...spec.createCommand] }),
    ...(spec.timezone === undefined ? {} : { Timezone: spec.timezone }),
    ...mountedSecrets(libpod, record.id, spec.secrets),
    Umask: (process.umask ?? 0o22).toString(8).padStart(4, '0'),
    Timeout: spec.timeout,
    StopTimeout: spec.stopTimeout,
    Passwd: record.spec.process.passwd,
    sdNotifyMode: spec.sdnotify ?? 'container',
    ...(Object.keys(exposed).length === 0 ? {} : { ExposedPorts: exposed }),
  };
}

/** A joined container may be gone: then its name cannot be known. */
function shownHostname(libpod: Inspected['libpod'], record: Inspected['record']): string {
  try {
    return hostnameOf(libpod, record);
  } catch {
    return record.id.slice(0, 12);
  }
}

/** Every published port counts as exposed. */
function exposedPorts(exposed: readonly string[], published: readonly PortMapping[]): Record<string, object> {
  const ports = new Set(exposed);
  for (const { containerPort, range, protocol } of published)
    for (let i = 0; i < range; i++) ports.add(`${containerPort + i}/${protocol}`);
  return Object.fromEntries([...ports].sort().map((port) => [port, {}]));
}

function inspectHealth({ startup, ...health }: HealthSpec): InspectDocument {
  return {
    ...(startup === undefined
      ? {}
      : {
          StartupHealthCheck: {
            ...healthcheck(startup),
            ...(startup.success ? { Successes: startup.success } : {}),
          },
        }),
    HealthcheckOnFailureAction: health.onFailure,
    HealthLogDestination: health.logDestination,
    HealthcheckMaxLogCount: health.maxLogCount,
    HealthcheckMaxLogSize: health.maxLogSize,
  };
}

function healthcheck(check: HealthcheckConfig): InspectDocument {
  return {
    ...(check.test.length === 0 ? {} : { Test: check.test }),
    ...(check.startPeriod ? { StartPeriod: check.startPeriod } : {}),
    ...(check.startInterval ? { StartInterval: check.startInterval } : {}),
    ...(check.interval ? { Interval: check.interval } : {}),
    ...(check.timeout ? { Timeout: check.timeout } : {}),
    ...(check.retries ? { Retries: check.retries } : {}),
  };
}

/** Go writes maps in the order of their keys. */
export function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Those that are files, as podman shows them, with the ids that they had when the container got them. */
function mountedSecrets(
  libpod: Libpod,
  containerId: string,
  secrets: readonly SecretUse[] = [],
): InspectDocument {
  const files = secrets.flatMap((use, position) => (use.type === 'mount' ? [{ ...use, position }] : []));
  if (files.length === 0) return {};
  const copies = statement(
    libpod.db,
    'SELECT position, secret_id FROM container_secrets WHERE container_id = ?',
  ).all(containerId) as Row[];
  const ids = new Map(copies.map((row) => [row['position'], String(row['secret_id'])]));
  const idOf = statement(libpod.db, 'SELECT id FROM secrets WHERE name = ?');
  return {
    Secrets: files.map(({ name, uid, gid, mode, position }) => ({
      Name: name,
      ID: ids.get(position) ?? String((idOf.get(name) as Row | undefined)?.['id'] ?? ''),
      UID: uid,
      GID: gid,
      Mode: mode,
    })),
  };
}

/** The document of the runtime has secrets that are passed as variables; it alone. */
function withoutSecrets(env: readonly string[], secrets: readonly SecretUse[] = []): string[] {
  const names = secrets.flatMap((use) => (use.type === 'env' ? [use.target] : []));
  return env.filter((text) => !names.some((name) => text.startsWith(`${name}=`)));
}
