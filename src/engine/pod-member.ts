import { readFileSync } from 'node:fs';
import { InvalidSpecError, messageOf, NotFoundError, WrongStateError } from '../base/errors.ts';
import { getContainer, listPodContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { settlePod } from '../libpod/pod-remove.ts';
import { podStatus } from '../libpod/pod-status.ts';
import { enterPod, lookupPod, type PodRecord } from '../libpod/pod.ts';
import type { PodRole } from '../specgen/container-spec.ts';
import type { CreateOptions, CreateRequest } from '../specgen/create-options.ts';
import type { SharedNamespace } from '../specgen/pod-spec.ts';
import type { CreateHooks, CreateUse, PodMember } from './create-container.ts';
import type { Engine } from './engine.ts';

export interface JoinedPod extends PodMember {
  /** With what the pod makes of it. */
  request: CreateRequest;
}

/** `--pod`, `--pod new:NAME`, `--pod-id-file` and `--init-ctr`: how the request looks in its pod, which is made if it is to be a new one. */
export async function joinPod(
  engine: Engine,
  request: CreateRequest,
  { hooks, use }: { hooks: CreateHooks; use: CreateUse },
): Promise<JoinedPod> {
  const { pod: name, podIdFile, initCtr } = request.options;
  const role = roleOf(initCtr);
  if (name !== undefined && podIdFile !== undefined)
    throw new InvalidSpecError('cannot specify both --pod and --pod-id-file');
  const asked = podIdFile === undefined ? name : readIdFile(podIdFile);
  if (asked === undefined || asked === '')
    throw new InvalidSpecError('must specify pod value with init-ctr: --init-ctr needs --pod');
  const isNew = asked.startsWith('new:');
  const options = isNew ? await makePod(engine, request.options, { hooks, use }) : request.options;
  const pod = await readyPod(engine, isNew ? asked.slice('new:'.length) : asked);
  if (!isNew) refuseUserns(request.options, pod);
  if (role !== undefined) checkInitContainer(engine, pod, request.options);
  const requires = pod.infraId === undefined ? [] : [pod.infraId];
  return {
    request: { ...request, options: inPod(engine, pod, options) },
    podId: pod.id,
    role,
    requires,
    enter: (id) => enterPod(engine.db, pod.id, { id, isInfra: false }),
  };
}

/** Its containers have the ids of the pod, which a new one is given when it is made. That may be said. */
function refuseUserns(options: CreateOptions, { infraId, spec }: PodRecord): void {
  const podsMode = spec.shares.includes('user') ? 'pod' : 'host';
  const userns = options.userns === 'pod' || options.userns === podsMode ? undefined : options.userns;
  const { uidmap, gidmap, subuidname, subgidname } = options;
  const own = infraId === undefined ? { userns } : { userns, uidmap, gidmap, subuidname, subgidname };
  const [key] = Object.entries(own).find(([, value]) => (value?.length ?? 0) > 0) ?? [];
  if (key !== undefined)
    throw new InvalidSpecError(`--${key} and --pod cannot be set together`, {
      hint: `it is an option of tspod pod create`,
    });
}

function roleOf(text: string | undefined): PodRole | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'always' || text === 'once') return `init-${text}`;
  throw new InvalidSpecError(`invalid value for --init-ctr: ${JSON.stringify(text)}: must be always or once`);
}

function readIdFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch (error) {
    throw new InvalidSpecError(`cannot read pod id file ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function readyPod(engine: Engine, name: string): Promise<PodRecord> {
  const pod = await settlePod(engine, lookupPod(engine.db, name));
  if (pod !== undefined) return pod;
  throw new NotFoundError('pod', name, { message: `no pod with name or ID ${name} found: no such pod` });
}

/** What belongs to a pod as a whole goes to the new one; the rest stays for the container. */
async function makePod(
  engine: Engine,
  options: CreateOptions,
  { hooks, use }: { hooks: CreateHooks; use: CreateUse },
): Promise<CreateOptions> {
  const name = options.pod?.slice('new:'.length) ?? '';
  if (name === '') throw new InvalidSpecError('new pod name must be at least one character');
  const given = Object.entries(options).filter(([key, value]) => OF_POD.has(key) && value !== undefined);
  const rest = Object.entries(options).filter(([key]) => !OF_POD.has(key));
  const { createPod } = await import('./create-pod.ts');
  const { createCommand } = use;
  await createPod(engine, { options: { ...Object.fromEntries(given), name }, createCommand }, hooks);
  return Object.fromEntries(rest);
}

const OF_POD: ReadonlySet<string> = new Set([
  'addHost',
  'dns',
  'dnsOption',
  'dnsSearch',
  'gidmap',
  'hostname',
  'ip',
  'ip6',
  'macAddress',
  'network',
  'networkAlias',
  'noHosts',
  'publish',
  'subgidname',
  'subuidname',
  'uidmap',
  'userns',
]);

function checkInitContainer(engine: Engine, pod: PodRecord, { restart }: CreateOptions): void {
  if (restart !== undefined && restart !== '' && restart !== 'no')
    throw new InvalidSpecError(
      'an init container runs to its end: --init-ctr and --restart exclude each other',
    );
  const states = listPodContainers(engine.db, pod.id).map((record) => observe(engine, record).state);
  const status = podStatus(states);
  if (status === 'Running' || status === 'Degraded')
    throw new WrongStateError(
      `cannot add init container to pod ${pod.name}: it is ${status.toLowerCase()}, must be stopped: pod already running`,
    );
}

type NamespaceFlag = 'cgroupns' | 'ipc' | 'pid' | 'userns' | 'uts';
const FLAGS: Readonly<Record<Exclude<SharedNamespace, 'net'>, NamespaceFlag>> = {
  cgroup: 'cgroupns',
  ipc: 'ipc',
  pid: 'pid',
  user: 'userns',
  uts: 'uts',
};

function inPod(engine: Engine, pod: PodRecord, options: CreateOptions): CreateOptions {
  const { spec, infraId } = pod;
  const infra = infraId === undefined ? undefined : getContainer(engine.db, infraId);
  const joined: CreateOptions = { ...options };
  if (infra !== undefined) {
    const join = `container:${infra.id}`;
    for (const kind of Object.keys(FLAGS) as Exclude<SharedNamespace, 'net'>[]) {
      const flag = FLAGS[kind];
      const given = options[flag] ?? '';
      if (given === 'pod' || (given === '' && sharesOf(pod, kind))) joined[flag] = join;
    }
    joinNetwork(pod, joined, join);
    if (!infra.spec.network.manageHostname) joined.noHostname = true;
    if (spec.hasVolumes) joined.volumesFrom = [...(options.volumesFrom ?? []), infra.id];
  }
  const { device, securityOpt, gpus, shmSizeSystemd } = spec.inherited;
  if (device.length > 0) joined.device = [...device, ...(options.device ?? [])];
  if (securityOpt.length > 0) joined.securityOpt = [...securityOpt, ...(options.securityOpt ?? [])];
  if (gpus !== undefined) joined.gpus = [...gpus, ...(options.gpus ?? [])];
  if (shmSizeSystemd !== undefined) joined.shmSizeSystemd ??= shmSizeSystemd;
  const parent = spec.cgroup ?? spec.cgroupParent;
  if (parent !== undefined && options.cgroupParent === undefined && options.cgroups !== 'disabled')
    joined.cgroupParent = parent;
  if (
    spec.restart !== undefined &&
    options.restart === undefined &&
    options.initCtr === undefined &&
    options.rm !== true
  )
    joined.restart = spec.restart;
  return joined;
}

function sharesOf({ spec }: PodRecord, kind: SharedNamespace): boolean {
  return spec.shares.includes(kind);
}

/** Another way out than the pod's may be chosen, but no further networks, ports and names: those are the infra container's. */
function joinNetwork(pod: PodRecord, options: CreateOptions, join: string): void {
  const [asked = ''] = options.network ?? [];
  if (asked !== '' && asked !== 'pod' && /^(none|host|private|container:|ns:)/.test(asked)) return;
  if (!sharesOf(pod, 'net') && asked !== 'pod') return;
  const own: (keyof CreateOptions)[] = ['publish', 'publishAll', 'ip', 'ip6', 'macAddress', 'networkAlias'];
  const configured: (keyof CreateOptions)[] = [...own, 'addHost', 'dns', 'dnsOption', 'dnsSearch'];
  if (asked !== '' && asked !== 'pod') configured.unshift('network');
  const wrong = configured.find((key) => {
    const value = options[key];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (wrong !== undefined)
    throw new InvalidSpecError(
      `invalid config provided: --${dashed(wrong)} must be given when the pod is created: network cannot be configured when it is shared with a pod`,
      { hint: `it is an option of tspod pod create` },
    );
  options.network = [join];
}

function dashed(key: string): string {
  return key.replace(/[A-Z0-9]/g, (letter) => (/\d/.test(letter) ? letter : `-${letter.toLowerCase()}`));
}
