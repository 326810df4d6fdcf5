import { blamingConf } from '../base/containers-conf-blame.ts';
import { existsSync, globSync, statSync, writeFileSync } from 'node:fs';
import { parseDuration } from '../base/durations.ts';
import { AlreadyExistsError, errnoOf, InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { log } from '../base/log.ts';
import { rootlessUid } from '../base/paths.ts';
import { originalEnvironment } from '../rootless/original-environment.ts';
import { lookUpImage, type ResolvedImage } from '../image/resolve.ts';
import { beginCgroupMove } from '../libpod/cgroup-head-start.ts';
import { type ContainerRecord, findContainer, lookupContainer } from '../libpod/container.ts';
import { createContainer as createInLibpod } from '../libpod/create.ts';
import { cgroupVersion } from '../libpod/host-cgroups.ts';
import { hasApparmor, hasSelinux, ociArchitecture, statBlockDevice } from '../libpod/host-facts.ts';
import { networkContext } from '../libpod/network-context.ts';
import { removeContainer } from '../libpod/remove.ts';
import { chosenRuntime } from '../libpod/runtime-of.ts';
import { getSecret } from '../libpod/secret.ts';
import { networkPlaces } from '../network/context.ts';
import { DEFAULT_NETWORK_NAME, refuseConfigOnly } from '../network/network-definition.ts';
import { getNetwork } from '../network/network-store.ts';
import { drawHostPort, drawHostPortFrom } from '../network/published-ports.ts';
import type { ContainerSpec, NamespaceMode, PodRole } from '../specgen/container-spec.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import { limitedDevices } from '../specgen/device-limits.ts';
import { specFromRequest } from '../specgen/from-options.ts';
import type { SpecContext } from '../specgen/spec-context.ts';
import { currentDirectory } from './current-directory.ts';
import { refuseAbsentCpus } from './docker-cpus.ts';
import type { Engine } from './engine.ts';

export interface CreateHooks {
  /** Fetches an image that policy says has to come from its registry; prints progress where that is wanted. */
  pull(name: string, options: PullRequest): Promise<ResolvedImage>;
  warn(message: string): void;
}

export interface PullRequest {
  platform: string | undefined;
  policy: 'always' | 'missing' | 'newer';
  authfile: string | undefined;
  certDir?: string | undefined;
  creds: string | undefined;
  tlsVerify: boolean | undefined;
  retry?: { attempts: number; delayMs: number };
}

export interface CreateUse {
  createCommand: string[];
  /** This process starts it at once. */
  keepOwner: boolean;
}

/** Resolves (or pulls) the image, completes the spec and records the container. */
export async function createContainer(
  engine: Engine,
  request: CreateRequest,
  hooks: CreateHooks,
  use: CreateUse,
): Promise<ContainerRecord> {
  const { options } = request;
  refuseAbsentCpus(engine, options.cpus);
  if (options.cidfile !== undefined && existsSync(options.cidfile)) {
    throw new AlreadyExistsError(
      `container id file ${options.cidfile} exists: ensure another container is not using it or delete it`,
    );
  }
  if (engine.runtimeOptions.runtime !== undefined && options.runtime === undefined)
    options.runtime = engine.runtimeOptions.runtime;
  const runtime = options.runtime ?? request.extras?.runtime;
  if (runtime !== undefined) chosenRuntime(engine, runtime);
  // It is started at once: the sooner the better. The start does it again, for whoever had to wait for an image.
  if (use.keepOwner) beginCgroupMove();
  const image = options.rootfs ? undefined : await imageFor(engine, request, hooks);
  if (options.pod === undefined && options.podIdFile === undefined && options.initCtr === undefined)
    return await createFromImage(engine, request, { image, hooks, use });
  const { joinPod } = await import('./pod-member.ts');
  const member = await joinPod(engine, request, { hooks, use });
  return await createFromImage(engine, member.request, { image, hooks, use, member });
}

/** A container that is a part of a pod. */
export interface PodMember {
  podId: string;
  role: PodRole | undefined;
  /** It is not created, and not started, without these. */
  requires: readonly string[];
  /** Called in the transaction that records the container. */
  enter(containerId: string): void;
}

export interface CreateInput {
  /** Undefined: its root is empty. */
  image: ResolvedImage | undefined;
  hooks: Pick<CreateHooks, 'warn'>;
  use: CreateUse;
  member?: PodMember;
}

/** Completes the spec and records the container. */
export async function createFromImage(
  engine: Engine,
  request: CreateRequest,
  { image, hooks, use, member }: CreateInput,
): Promise<ContainerRecord> {
  const { options } = request;
  const context = specContext(engine, image, hooks, use);
  const topLayerId = image?.image.topLayerId;
  const word = usernsWord(engine, options);
  if (word !== undefined) {
    const { knownHostUsers, resolveUserns } = await import('./container-userns.ts');
    const place = {
      topLayerId,
      lookupContainer: (nameOrId: string) => lookupContainer(engine.db, nameOrId),
    };
    const resolve = () => resolveUserns(engine, options, word, place);
    const isConfigured = !options.userns && !process.env['PODMAN_USERNS'] && word !== 'host';
    context.userns = isConfigured ? blamingConf(engine.config, 'containers.userns', resolve) : resolve();
    if (context.userns === undefined) context.hostUsers = knownHostUsers(options);
  }
  const spec = specFromRequest(request, context);
  if (member !== undefined) makeMember(spec, member);
  if (options.link?.length || request.extras?.networkLinks?.length)
    (await import('./container-links.ts')).addLinks(engine, spec, request);
  checkBindSources(spec, engine.config);
  if (spec.mounts.some(({ type }) => type === 'image')) await findMountedImages(engine, spec);
  for (const path of limitedDevices(spec.resources)) statBlockDevice(path);
  if (spec.cdiDevices !== undefined)
    await (await import('../oci/cdi.ts')).findCdiEdits(spec.cdiDevices, engine.cdiDirectories);
  for (const { name } of spec.secrets ?? []) getSecret(engine.db, name);
  if (options.replace && spec.name !== '') await replace(engine, spec.name);
  const record = await createInLibpod(engine, {
    spec,
    topLayerId,
    keepOwner: use.keepOwner,
    ...(member === undefined ? {} : { pod: { id: member.podId, enter: member.enter } }),
  });
  if (options.cidfile === undefined) return record;
  try {
    writeCidFile(options.cidfile, record.id);
  } catch (error) {
    await removeContainer(engine, record.id, { volumes: true });
    throw error;
  }
  return record;
}

/** What `createFromImage` would record, of an image that is looked up or pulled. */
export async function specOfRequest(
  engine: Engine,
  request: CreateRequest,
  hooks: CreateHooks,
): Promise<ContainerSpec> {
  const image = await imageFor(engine, request, hooks);
  return specFromRequest(request, specContext(engine, image, hooks, { createCommand: [], keepOwner: true }));
}

function makeMember(spec: ContainerSpec, { role, requires }: PodMember): void {
  if (role !== undefined) spec.podRole = role;
  spec.requires = [...new Set([...requires, ...(spec.requires ?? [])])];
  spec.dependencies = [...new Set([...spec.dependencies, ...spec.requires])];
}

/** Undefined when nothing is to be done about users: the container has the ids of the namespace that tspod runs in. */
function usernsWord(engine: Engine, options: CreateRequest['options']): string | undefined {
  const { userns, uidmap, gidmap, subuidname, subgidname, hostuser } = options;
  const isMapped = [...(uidmap ?? []), ...(gidmap ?? []), ...(hostuser ?? [])].length > 0;
  if (isMapped || subuidname !== undefined || subgidname !== undefined) return userns || 'host';
  const word = userns || process.env['PODMAN_USERNS'] || engine.config.containers.userns || 'host';
  return word === 'host' ? undefined : word;
}

/** The names of images that are mounted become ids: what a name means later does not change the container. */
async function findMountedImages(engine: Engine, spec: ContainerSpec): Promise<void> {
  for (const mount of spec.mounts) {
    if (mount.type !== 'image') continue;
    const found = await lookUpImage(engine.store.images, mount.image, { shortNames: 'podman' });
    if (found === undefined)
      throw new NotFoundError('image', mount.image, {
        message: `cannot mount image ${mount.image} at ${mount.destination}: image not known`,
        hint: `try \`tspod pull ${mount.image}\``,
      });
    mount.imageId = found.image.id;
  }
}

/** A source or namespace that is not there is told now, not at the start. */
function checkBindSources(spec: ContainerSpec, config: Engine['config']): void {
  const { rootfs } = spec;
  if (rootfs !== undefined && statSync(rootfs.path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new InvalidSpecError(`no directory ${rootfs.path}, which is to be the root (--rootfs)`);
  for (const [kind, mode] of Object.entries(spec.namespaces) as [string, NamespaceMode][])
    if (mode.mode === 'path' && !existsSync(mode.path))
      throw new InvalidSpecError(`cannot find the ${kind} namespace ${mode.path}: no such file or directory`);
  for (const mount of spec.mounts) {
    if (mount.type !== 'bind' || mount.create === true) continue;
    const { source, destination } = mount;
    blamingConf(config, keyOfSource(source, config), () => checkBindSource(source, destination));
  }
}

/** The key of containers.conf that says to mount it, or one that nobody has set. */
function keyOfSource(source: string, { containers }: Engine['config']): string {
  if (containers.volumes.some((text) => text.startsWith(`${source}:`))) return 'containers.volumes';
  return containers.mounts.some((text) => text.includes(`=${source}`)) ? 'containers.mounts' : '';
}

function checkBindSource(source: string, destination: string): void {
  try {
    statSync(source);
  } catch (error) {
    const reason = messageOf(error).replace(/^stat /, 'statfs ');
    throw new InvalidSpecError(
      `${reason}: cannot mount it at ${destination}`,
      errnoOf(error) === 'ENOENT'
        ? {
            hint: MISSING_HINT,
            docker: `invalid mount config for type "bind": bind source path does not exist: ${source}`,
          }
        : {},
    );
  }
}

const MISSING_HINT = 'create it first, or check the path: only `docker run -v` makes directories by itself';

/** By the request's name and policy: looked up, or pulled. */
export async function imageFor(
  engine: Engine,
  request: CreateRequest,
  hooks: CreateHooks,
): Promise<ResolvedImage> {
  const { options, image } = request;
  const policy = pullPolicy(options.pull ?? engine.config.engine.pullPolicy);
  const platform = options.platform ?? platformFrom(options.os, options.arch, options.variant);
  const found =
    (await lookUpImage(engine.store.images, image, {
      shortNames: engine.options.asDocker ? 'docker' : 'podman',
    })) ?? (await fromList(engine, image));
  const wrongPlatform = found !== undefined && platform !== undefined && !fits(found, platform);
  if (found !== undefined && !wrongPlatform && (policy === 'missing' || policy === 'never')) {
    warnOtherPlatform(found, platform, hooks);
    return found;
  }
  if (policy === 'never') {
    throw new NotFoundError('image', image, {
      message: `${image}: image not known`,
      hint: `the pull policy is "never": try \`tspod pull ${image}\``,
    });
  }
  return await hooks.pull(image, {
    platform,
    policy: wrongPlatform ? 'always' : policy,
    authfile: options.authfile,
    certDir: options.certDir,
    creds: options.creds,
    tlsVerify: options.tlsVerify,
    ...retryOf(engine, options),
  });
}

/** A list that holds no image for this machine does not help: a registry may have one. */
async function fromList(engine: Engine, name: string): Promise<ResolvedImage | undefined> {
  const { imageOfList } = await import('./manifest-lists.ts');
  try {
    return imageOfList(engine, name);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

const DEFAULT_RETRIES = 3;

function retryOf(engine: Engine, options: CreateRequest['options']): Pick<PullRequest, 'retry'> {
  const { retry = engine.config.engine.retry, retryDelay = engine.config.engine.retryDelay } = options;
  if (retry === undefined && retryDelay === undefined) return {};
  const delayMs = parseDuration(retryDelay ?? '1s', '--retry-delay') / 1e6;
  return { retry: { attempts: (retry ?? DEFAULT_RETRIES) + 1, delayMs } };
}

function pullPolicy(text: string): 'always' | 'missing' | 'never' | 'newer' {
  const value = text.toLowerCase();
  if (value === 'always' || value === 'missing' || value === 'never' || value === 'newer') return value;
  if (value === 'true') return 'always';
  if (value === 'false' || value === 'ifnotpresent' || value === 'ifmissing') return 'missing';
  throw new InvalidSpecError(
    `unsupported pull policy ${JSON.stringify(text)}: choose always, missing, never or newer`,
  );
}

function platformFrom(
  os: string | undefined,
  arch: string | undefined,
  variant: string | undefined,
): string | undefined {
  if (os === undefined && arch === undefined && variant === undefined) return undefined;
  return `${os ?? 'linux'}/${arch ?? ociArchitecture()}${variant === undefined ? '' : `/${variant}`}`;
}

function fits(found: ResolvedImage, platform: string): boolean {
  const [os, arch, variant] = platform.split('/');
  const { config } = found.image;
  return (
    (os === undefined || os === '' || os === config.os) &&
    (arch === undefined || arch === '' || arch === config.architecture) &&
    (variant === undefined || config.variant === undefined || variant === config.variant)
  );
}

function warnOtherPlatform(found: ResolvedImage, platform: string | undefined, hooks: CreateHooks): void {
  const { os, architecture } = found.image.config;
  if (platform === undefined && architecture !== '' && architecture !== ociArchitecture()) {
    hooks.warn(
      `image platform (${os}/${architecture}) does not match the expected platform (linux/${ociArchitecture()})`,
    );
  }
}

export function specContext(
  engine: Engine,
  found: ResolvedImage | undefined,
  hooks: Pick<CreateHooks, 'warn'>,
  use: CreateUse,
): SpecContext {
  const rootless = rootlessUid() !== undefined;
  return {
    config: engine.config,
    image: found && {
      id: found.image.id,
      name: found.name || (found.image.names[0] ?? ''),
      config: found.image.config,
    },
    lookupContainer: (nameOrId) => lookupContainer(engine.db, nameOrId),
    lookupNetwork: (name) => networkName(engine, name),
    hostEnv: originalEnvironment(),
    cwd: currentDirectory(),
    makeBindSources: engine.options.asDocker === true,
    makeWorkdir: engine.options.asDocker === true,
    rootless,
    storageWords: engine.options.storageOpt ?? [],
    drawPort: drawHostPort,
    ...(engine.options.asDocker === true ? { drawPortFrom: drawHostPortFrom } : {}),
    glob: (pattern) => globSync(pattern).sort(),
    newVolumeName: newId,
    host: {
      cgroupVersion: cgroupVersion(),
      apparmor: hasApparmor(),
      selinux: hasSelinux(),
    },
    createCommand: use.createCommand,
    warn: (message) => hooks.warn(message),
  };
}

/** The default network is always there. */
export function networkName(engine: Engine, nameOrId: string): string {
  if (nameOrId === DEFAULT_NETWORK_NAME) return nameOrId;
  const network = getNetwork(networkPlaces(networkContext(engine, nameOrId)), nameOrId);
  refuseConfigOnly(network);
  return network.name;
}

async function replace(engine: Engine, name: string): Promise<void> {
  const existing = findContainer(engine.db, name);
  if (existing === undefined || existing.name !== name) return;
  log('debug', `replacing container ${existing.id}`);
  await removeContainer(engine, existing.id, { force: true, volumes: false, stopTimeout: 0 });
}

function writeCidFile(path: string, id: string): void {
  try {
    writeFileSync(path, id, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new InvalidSpecError(`cannot write container id file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
