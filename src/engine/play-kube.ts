import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, ConflictError, messageOf, UnsupportedError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { keptSecretData } from '../libpod/kube-secret.ts';
import { getContainer } from '../libpod/container.ts';
import { hasSelinux } from '../libpod/host-facts.ts';
import { findPod, getPod, type PodRecord } from '../libpod/pod.ts';
import { removePod, settlePod } from '../libpod/pod-remove.ts';
import { startPod } from '../libpod/pod-start.ts';
import { tellReady } from '../libpod/sdnotify.ts';
import { findSecret, secretData } from '../libpod/secret.ts';
import { newId } from '../base/ids.ts';
import type { ContainerPlan, PodPlan, SecretPlan } from '../kube/plan.ts';
import { mentionedSecrets, type PlanContext, readPlan } from '../kube/read-plan.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import type { PodService } from '../specgen/pod-spec.ts';
import { createContainer, type CreateHooks } from './create-container.ts';
import { createPod } from './create-pod.ts';
import type { Engine } from './engine.ts';
import { type BuildWish, playImages } from './kube-images.ts';
import { fillVolumes, makeClaim, prepareHostPaths } from './kube-volumes.ts';
import { createNetwork } from './networks.ts';
import { createSecret } from './secrets.ts';

export { DEFAULT_SECCOMP_ROOT } from '../kube/sources.ts';

/** The network of pods for which none is chosen; as podman calls it. */
const NETWORK = 'podman-default-kube-network';

export interface PlayOptions {
  annotations: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  /** Texts of files with ConfigMaps. */
  configMapTexts: readonly string[];
  seccompRoot: string;
  publishAll: boolean;
  noPodPrefix: boolean;
  start: boolean;
  /** Over what the documents say of pods. */
  pod: Pick<PodOptions, 'network' | 'noHosts' | 'noHostname' | 'userns' | 'publish'>;
  /** One for each pod, in order. */
  ips: readonly string[];
  macs: readonly string[];
  /** Of all containers. */
  container: Pick<CreateOptions, 'logDriver' | 'logOpt' | 'authfile' | 'certDir' | 'creds' | 'tlsVerify'>;
  build: BuildWish;
  /** Whether documents may name files of this machine that are only read. */
  ownFiles: boolean;
  createCommand: string[];
  /** A service of systemd plays: it runs as long as one of its pods. */
  isService: boolean;
}

export interface PlayHooks extends CreateHooks {
  /** Builds the image of this name from a directory. */
  build(image: string, directory: string): Promise<void>;
}

export interface PlayReport {
  volumes: string[];
  secrets: string[];
  pods: PlayedPod[];
}

export interface PlayedPod {
  id: string;
  name: string;
  containers: string[];
  initContainers: string[];
  /** What did not start. */
  failures: unknown[];
}

/** Makes what the documents ask for: volumes and secrets first, then one pod after the other. */
export async function playKube(
  engine: Engine,
  text: string,
  options: PlayOptions,
  hooks: PlayHooks,
): Promise<PlayReport> {
  const { plan, warnings } = readPlan(text, await planContext(engine, text, options));
  for (const warning of warnings) hooks.warn(warning);
  if (options.isService && plan.pods.length === 0)
    throw new UnsupportedError('a service runs as long as its pods, and there is none in what it plays', {
      hint: 'set Type=oneshot in the section [Service]',
    });
  const foreign = plan.claims.find(({ importSource }) => importSource !== undefined);
  if (foreign !== undefined && !options.ownFiles)
    throw new UnsupportedError(`${foreign.path}importing volumes is not supported through the API`);
  for (const { name } of plan.pods) await refuseTaken(engine, name);
  const report: PlayReport = { volumes: [], secrets: [], pods: [] };
  for (const claim of plan.claims) report.volumes.push(await makeClaim(engine, claim));
  for (const secret of plan.secrets) report.secrets.push(await keepSecret(engine, secret));
  crashPoint('kube-play-before-pods');
  const service = options.isService ? newId() : undefined;
  for (const [index, pod] of plan.pods.entries()) {
    const use = {
      options,
      hooks,
      service: service === undefined ? undefined : { id: service, isMain: index === 0 },
    };
    report.pods.push(await playPod(engine, await withNetwork(engine, pod, options, index), use));
  }
  if (service !== undefined) await becomeService(engine, report.pods, options);
  return report;
}

async function planContext(engine: Engine, text: string, options: PlayOptions): Promise<PlanContext> {
  const kept = new Map<string, string[]>();
  for (const name of mentionedSecrets(text)) {
    if (findSecret(engine.db, name)?.name !== name) continue;
    kept.set(name, [...keptSecretData(name, await secretData(engine, name)).keys()]);
  }
  return { ...options, newId, selinux: hasSelinux(), keptSecretKeys: (name) => kept.get(name) };
}

/** Before anything is made. */
async function refuseTaken(engine: Engine, name: string): Promise<void> {
  const found = findPod(engine.db, name);
  if (found?.name !== name || (await settlePod(engine, found)) === undefined) return;
  throw new AlreadyExistsError(
    `adding pod to state: name ${JSON.stringify(name)} is in use: pod already exists`,
    { hint: 'use --replace to make it anew' },
  );
}

async function keepSecret(engine: Engine, { name, text, immutable, labels }: SecretPlan): Promise<string> {
  const old = findSecret(engine.db, name);
  if (immutable && old?.name === name) {
    if ((await secretData(engine, name)).toString('utf8') === text) return old.id;
    throw new ConflictError(`secret ${name} is immutable and there already, with other content`, {
      hint: `remove it first: tspod secret rm ${name}`,
    });
  }
  const data = Buffer.from(text);
  return await createSecret(engine, { name, data, labels, replace: true, ignore: false, driverOptions: {} });
}

/** Without a choice all pods are on one network, where they find each other by name. */
async function withNetwork(
  engine: Engine,
  plan: PodPlan,
  { pod, ips, macs }: PlayOptions,
  index: number,
): Promise<PodPlan> {
  const options: PodOptions = { ...plan.options, ...pod };
  options.publish = [...unlessAsked(plan.options.publish ?? [], pod.publish ?? []), ...(pod.publish ?? [])];
  if (options.network === undefined) {
    options.network = [NETWORK];
    await createNetwork(engine, { name: NETWORK }, { ignoreExisting: true });
  }
  if (options.network.every((text) => /^[\w.-]+(:.*)?$/.test(text) && !MODES.test(text)))
    options.networkAlias = [plan.name];
  const ip = ips[index];
  const mac = macs[index];
  if (ip !== undefined) options[ip.includes(':') ? 'ip6' : 'ip'] = ip;
  if (mac !== undefined) options.macAddress = mac;
  return { ...plan, options };
}

const MODES = /^(host|none|private|pasta|slirp4netns|container|ns)(:|$)/;

/** A port that --publish names goes where that says. */
function unlessAsked(ports: readonly string[], asked: readonly string[]): string[] {
  const inside = (text: string): string => {
    const port = text.slice(text.lastIndexOf(':') + 1);
    return port.includes('/') ? port : `${port}/tcp`;
  };
  const taken = new Set(asked.map(inside));
  return ports.filter((text) => !taken.has(inside(text)));
}

async function playPod(
  engine: Engine,
  plan: PodPlan,
  { options, hooks, service }: { options: PlayOptions; hooks: PlayHooks; service: PodService | undefined },
): Promise<PlayedPod> {
  for (const { request } of plan.containers) Object.assign(request.options, options.container);
  prepareHostPaths(plan.volumes);
  await playImages(engine, plan, options.build, hooks);
  const pod = await createPod(
    engine,
    { id: plan.id, options: plan.options, createCommand: options.createCommand, service },
    hooks,
  );
  crashPoint('kube-play-after-pod');
  const played: PlayedPod = { id: pod.id, name: pod.name, containers: [], initContainers: [], failures: [] };
  try {
    for (const each of plan.containers)
      played[each.isInit ? 'initContainers' : 'containers'].push(
        await makeMember(engine, each, pod, { options, hooks }),
      );
    fillVolumes(engine, plan.volumes);
  } catch (error) {
    await takeBack(engine, pod);
    throw error;
  }
  crashPoint('kube-play-before-start');
  if (options.start && service === undefined) played.failures = await start(engine, pod.id);
  return played;
}

/** Ready once all of it runs; a service that is half there has failed. All pods are there before one of them may end. */
async function becomeService(
  engine: Engine,
  played: readonly PlayedPod[],
  options: PlayOptions,
): Promise<void> {
  const pods = played.flatMap(({ id }) => getPod(engine.db, id) ?? []);
  try {
    if (options.start) for (const each of played) each.failures = await start(engine, each.id);
    const failures = played.flatMap((each) => each.failures);
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    const infra = pods[0]?.infraId === undefined ? undefined : getContainer(engine.db, pods[0].infraId);
    if (infra !== undefined) await tellReady(engine, infra);
  } catch (error) {
    for (const pod of pods) await takeBack(engine, pod);
    throw error;
  }
}

async function makeMember(
  engine: Engine,
  plan: ContainerPlan,
  pod: PodRecord,
  { options, hooks }: { options: PlayOptions; hooks: PlayHooks },
): Promise<string> {
  const request = { ...plan.request, options: { ...plan.request.options, pod: pod.id, pull: 'missing' } };
  const use = { createCommand: options.createCommand, keepOwner: false };
  return (await createContainer(engine, request, hooks, use)).id;
}

async function start(engine: Engine, id: string): Promise<unknown[]> {
  try {
    return await startPod(engine, id);
  } catch (error) {
    return [error];
  }
}

async function takeBack(engine: Engine, pod: PodRecord): Promise<void> {
  try {
    await removePod(engine, pod.id, { force: true, stopTimeout: 0 });
  } catch (error) {
    log('warn', `cannot remove the half made pod ${pod.name}: ${messageOf(error)}`);
  }
}
