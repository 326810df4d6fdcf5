import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import type { Field } from './field.ts';
import { belowRoot } from './security-context.ts';

/** Annotations by which podman lets a document say what Kubernetes has no words for. */
type Annotations = Readonly<Record<string, string>>;

const OWN = 'io.podman.annotations.';

export function podAnnotations(annotations: Annotations, field: Field): Partial<PodOptions> {
  for (const [key, value] of Object.entries(annotations)) checkOwn(key, value, field);
  const options: Partial<PodOptions> = {};
  const infraName = annotations[`${OWN}infra.name`];
  const userns = annotations[`${OWN}userns`];
  if (infraName) options.infraName = infraName;
  if (userns) options.userns = userns;
  return options;
}

const KNOWN: ReadonlySet<string> = new Set(
  'apparmor autoremove cpuset infra.name init init.container.type label memory-nodes pids-limit privileged seccomp ulimit userns volumes-from'.split(
    ' ',
  ),
);

/** podman's own words have an effect or none, but are not ignored. `FALSE` says what holds anyway. */
function checkOwn(key: string, value: string, { path }: Field): void {
  if (!key.startsWith(OWN) || value === '' || value.toUpperCase() === 'FALSE') return;
  const [word = ''] = key.slice(OWN.length).split('/');
  if (KNOWN.has(word)) return;
  const at = `${path.replace(/spec$/, '')}metadata.annotations[${JSON.stringify(key)}]`;
  throw new UnsupportedError(`${at} is not supported`);
}

/** podman writes them where SELinux labels what is mounted: `z` or `Z` for a path of the host. */
export function bindOptions(annotations: Annotations, path: string): string[] {
  const words = annotations[`bind-mount-options:${path}`];
  return words ? words.split(',') : [];
}

/** Those that end with the container's name are for it alone; they win. */
export function containerAnnotations(
  annotations: Annotations,
  { name, field, seccompRoot }: { name: string; field: Field; seccompRoot: string },
): CreateOptions {
  const given = (key: string): string | undefined => annotations[`${key}/${name}`] ?? annotations[key];
  const own = (key: string): string | undefined => annotations[`${key}/${name}`];
  const options: CreateOptions = {};
  const update = given('io.containers.autoupdate');
  if (update) options.label = [`io.containers.autoupdate=${update}`];
  const authfile = given('io.containers.autoupdate.authfile');
  if (authfile) options.label = [...(options.label ?? []), `io.containers.autoupdate.authfile=${authfile}`];
  // The service's own socket is for whoever plays the file.
  options.sdnotify = given('io.containers.sdnotify') ?? 'ignore';
  if (own(`${OWN}autoremove`) === 'TRUE') options.rm = true;
  if (own(`${OWN}privileged`) === 'TRUE') options.privileged = true;
  if (own(`${OWN}init`) === 'TRUE') options.init = true;
  const ulimits = given(`${OWN}ulimit`);
  if (ulimits) options.ulimit = ulimits.split(',');
  const pids = own(`${OWN}pids-limit`);
  if (pids) options.pidsLimit = number(pids, 'pids-limit', field);
  const cpus = own(`${OWN}cpuset`);
  if (cpus) options.cpusetCpus = cpus;
  const nodes = own(`${OWN}memory-nodes`);
  if (nodes) options.cpusetMems = nodes;
  const security = [
    ...labelWords(own(`${OWN}label`)),
    ...words('apparmor', own(`${OWN}apparmor`)),
    ...seccompWords(annotations, name, field, seccompRoot),
  ];
  if (security.length > 0) options.securityOpt = security;
  return options;
}

/** Containers of the pod, by the name that they have there. */
export function volumesFrom(annotations: Annotations, name: string): string[] {
  const text = annotations[`${OWN}volumes-from/${name}`];
  return text ? text.split(';') : [];
}

export function initType(annotations: Annotations): 'always' | 'once' {
  return annotations[`${OWN}init.container.type`] === 'always' ? 'always' : 'once';
}

function words(key: string, value: string | undefined): string[] {
  return value ? [`${key}=${value}`] : [];
}

function labelWords(value: string | undefined): string[] {
  return value ? [`label=${value}`] : [];
}

/** What Kubernetes had before the field. */
function seccompWords(annotations: Annotations, name: string, field: Field, root: string): string[] {
  const profile =
    annotations[`container.seccomp.security.alpha.kubernetes.io/${name}`] ??
    annotations['seccomp.security.alpha.kubernetes.io/pod'] ??
    annotations[`${OWN}seccomp/${name}`];
  if (!profile) return [];
  if (profile === 'unconfined') return ['seccomp=unconfined'];
  if (profile === 'runtime/default' || profile === 'docker/default') return ['seccomp=builtin'];
  const local = /^localhost\/(.+)$/.exec(profile)?.[1];
  if (local !== undefined) return [`seccomp=${belowRoot(local, root, field)}`];
  throw new InvalidSpecError(`${field.path}: unknown seccomp profile ${JSON.stringify(profile)}`);
}

function number(text: string, key: string, { path }: Field): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidSpecError(`${path}: annotation ${OWN}${key} must be a number`);
}
