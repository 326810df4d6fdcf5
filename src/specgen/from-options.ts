import { blamingConf } from '../base/containers-conf-blame.ts';
import { readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { isInContainer } from '../base/in-container.ts';
import { parseSignal } from '../base/signals.ts';
import { completeProcess } from './complete.ts';
import type { ContainerSpec, SdNotifyMode } from './container-spec.ts';
import type { CreateOptions, CreateRequest } from './create-options.ts';
import { cdiDevicesFromOptions, devicesFromOptions, parseDeviceRule } from './devices.ts';
import { healthcheckFromOptions, healthFromOptions, refuseLoneStartup } from './healthcheck.ts';
import { findInitProgram } from './init-program.ts';
import { splitOnce } from './key-value.ts';
import { annotationsFromOptions, labelsFromOptions } from './labels.ts';
import { logFromOptions } from './log.ts';
import { mountsFromOptions } from './mounts.ts';
import { namespacesFromOptions } from './namespaces.ts';
import { networkFromOptions } from './network.ts';
import { parseExposed } from './ports.ts';
import { resourcesFromOptions, shmSizeFromOptions } from './resources.ts';
import { parseRestart } from './restart.ts';
import { parseRootDirectory } from './root-directory.ts';
import { secretsFromOptions } from './secrets.ts';
import { profileOfImage, securityExtras, securityFromOptions } from './security.ts';
import type { SpecContext } from './spec-context.ts';
import { storageFromOptions } from './storage-limits.ts';
import { isSystemdMode, SYSTEMD_STOP } from './systemd-mode.ts';
import { checkTimezone } from './timezone.ts';
import { DOMAIN_NAME, isIpcSysctl, isNetSysctl, validateSpec } from './validate.ts';
import { donorIds } from './volumes-from.ts';

/**
 * The request, completed from image and configuration and checked: what is stored and later turned into config.json.
 * `name` is '' when none was asked for; the engine gives one.
 */
export function specFromRequest(request: CreateRequest, context: SpecContext): ContainerSpec {
  const { options } = request;
  const defaults = context.config.containers;
  const image = context.image?.config.config;
  const namespaces = namespacesFromOptions(options, context);
  const exposedPorts = parseExposed([...(image?.exposedPorts ?? []), ...(options.expose ?? [])]);
  const network = networkFromOptions(options, exposedPorts, context);
  const process = completeProcess(request, context);
  const systemd = isSystemdMode(options, process.args);
  const cdiDevices = cdiDevicesFromOptions(options, context);
  const healthcheck = healthcheckFromOptions(options, image?.healthcheck);
  const spec: ContainerSpec = {
    version: 1,
    name: options.name ?? '',
    imageId: context.image?.id,
    imageName: context.image?.name ?? '',
    rawImageName: options.rootfs ? '' : request.image,
    ...(options.rootfs ? { rootfs: parseRootDirectory(request.image, context.cwd) } : {}),
    createCommand: context.createCommand,
    process,
    ...(systemd ? { systemd: true as const } : {}),
    ...runtimeOf(request),
    hostname: options.hostname === '' ? undefined : options.hostname,
    ...(defaults.containerNameAsHostname ? { nameAsHostname: true as const } : {}),
    labels: labelsFromOptions(options, context),
    annotations: annotationsFromOptions(options, context),
    mounts: mountsFromOptions(options, context, { systemd, given: request.extras?.mounts ?? [] }),
    namespaces,
    ...(context.userns === undefined ? {} : { userNamespace: context.userns.maps }),
    network,
    security: {
      ...securityFromOptions(options, context),
      ...profileOfImage(options, context),
      ...securityExtras(request.extras ?? {}),
    },
    resources: resourcesFromOptions(options, context),
    devices: devicesFromOptions(options, context),
    ...(cdiDevices.length === 0 ? {} : { cdiDevices }),
    deviceCgroupRules: options.deviceCgroupRule ?? [],
    sysctl: {},
    shmSize: shmSizeFromOptions(options, namespaces.ipc.mode, context),
    ...surroundings(options),
    ...(options.rdtClass ? { rdtClass: options.rdtClass } : {}),
    ...storageFromOptions(options, context),
    readOnlyRootfs: options.readOnly ?? defaults.readOnly,
    readOnlyTmpfs: options.readOnlyTmpfs ?? true,
    init: initFromOptions(options, context),
    log: logFromOptions(options, context),
    stopSignal: parseSignal(
      options.stopSignal || image?.stopSignal || (systemd ? String(SYSTEMD_STOP) : 'SIGTERM'),
    ),
    stopTimeout: options.stopTimeout ?? context.config.engine.stopTimeout,
    restart: parseRestart(options.restart),
    autoRemove: options.rm ?? false,
    ...(request.extras?.removeImage ? { removeImage: true as const } : {}),
    timeout: options.timeout ?? 0,
    ...(options.conmonPidfile ? { monitorPidFile: resolve(context.cwd, options.conmonPidfile) } : {}),
    pidFile: options.pidfile ? resolve(context.cwd, options.pidfile) : undefined,
    cidFile: options.cidfile ? resolve(context.cwd, options.cidfile) : undefined,
    healthcheck,
    ...healthOf(options, context, healthcheck),
    exposedPorts,
    timezone:
      options.tz === undefined
        ? blamingConf(context.config, 'containers.tz', () => checkTimezone(defaults.tz))
        : checkTimezone(options.tz),
    dependencies: [],
  };
  for (const rule of spec.deviceCgroupRules) parseDeviceRule(rule);
  spec.sysctl = sysctlFromOptions(options, context, spec);
  const secrets = [...secretsFromOptions(options.secret ?? []), ...(request.extras?.secrets ?? [])];
  if (secrets.length > 0) spec.secrets = secrets;
  if (options.requires?.length)
    spec.requires = options.requires.map((name) => context.lookupContainer(name).id);
  spec.dependencies = dependencies(spec, donorIds(options.volumesFrom ?? [], context));
  validateSpec(spec, options);
  return spec;
}

function runtimeOf({ options, extras }: CreateRequest): Pick<ContainerSpec, 'runtime'> {
  const runtime = options.runtime || extras?.runtime;
  return runtime === undefined ? {} : { runtime };
}

function surroundings(options: CreateOptions): Pick<ContainerSpec, 'chrootDirs' | 'personality'> {
  const { chrootdirs = [], personality } = options;
  for (const path of chrootdirs)
    if (!path.startsWith('/') || path.split('/').includes('..'))
      throw new InvalidSpecError(
        `invalid --chrootdirs ${JSON.stringify(path)}: must be an absolute path inside`,
      );
  const domain = personality?.toUpperCase();
  if (domain !== undefined && domain !== 'LINUX' && domain !== 'LINUX32')
    throw new InvalidSpecError(
      `invalid --personality ${JSON.stringify(personality)}: must be LINUX or LINUX32`,
    );
  return {
    ...(chrootdirs.length === 0 ? {} : { chrootDirs: chrootdirs.map((path) => posix.normalize(path)) }),
    ...(domain === undefined ? {} : { personality: domain }),
  };
}

function healthOf(
  options: CreateOptions,
  context: SpecContext,
  check: ContainerSpec['healthcheck'],
): Pick<ContainerSpec, 'health' | 'sdnotify'> {
  const health = healthFromOptions(options, context.cwd);
  refuseLoneStartup(health, check);
  const { sdnotify } = options;
  if (sdnotify !== undefined && !isSdNotifyMode(sdnotify))
    throw new InvalidSpecError(
      `invalid sdnotify value "${sdnotify}": must be container, conmon, healthy or ignore`,
    );
  return {
    ...(health === undefined ? {} : { health }),
    ...(sdnotify === undefined || sdnotify === 'container' ? {} : { sdnotify }),
  };
}

function isSdNotifyMode(text: string): text is SdNotifyMode {
  return ['container', 'conmon', 'healthy', 'ignore'].includes(text);
}

function initFromOptions(options: CreateOptions, context: SpecContext): ContainerSpec['init'] {
  const wanted = options.init ?? (options.initPath !== undefined || context.config.containers.init);
  return wanted ? { path: findInitProgram(options.initPath, context.config, context.cwd) } : undefined;
}

/** Configured defaults that do not fit the container's namespaces are left out; the user's own are checked later. */
function sysctlFromOptions(
  options: CreateOptions,
  context: SpecContext,
  spec: ContainerSpec,
): Record<string, string> {
  const sysctl: Record<string, string> = {};
  const sharesNet = spec.network.mode.mode === 'host' || spec.network.mode.mode === 'container';
  for (const text of isInContainer() && isSealed() ? [] : context.config.containers.defaultSysctls) {
    const [key, value] = parseSysctl(text);
    if (isNetSysctl(key) && (sharesNet || spec.network.mode.mode === 'ns')) continue;
    if (isIpcSysctl(key) && !['private', 'shareable'].includes(spec.namespaces.ipc.mode)) continue;
    sysctl[key] = value;
  }
  for (const text of (options.sysctl ?? []).flatMap(severalSysctls)) {
    const [key, value] = parseSysctl(text);
    sysctl[key] = value;
  }
  if (options.domainname) sysctl[DOMAIN_NAME] = domainName(options.domainname, spec, context);
  return sysctl;
}

/** Whether /proc/sys is read-only, as it is in most containers: then it is for those made in them, too. */
function isSealed(): boolean {
  return / \/proc\/sys ro[ ,]/.test(readFileSync('/proc/self/mountinfo', 'utf8'));
}

function domainName(name: string, { namespaces }: ContainerSpec, { rootless }: SpecContext): string {
  if (rootless)
    throw new UnsupportedError(
      '--domainname is not supported without root: the kernel keeps this setting to it',
      {
        hint: `name it in full: --hostname NAME.${name}`,
      },
    );
  if (namespaces.uts.mode !== 'private')
    throw new InvalidSpecError('cannot set a domain name when the UTS namespace is not its own');
  if (name.length > 64 || !/^[a-zA-Z0-9._-]+$/.test(name))
    throw new InvalidSpecError(
      `invalid --domainname ${JSON.stringify(name)}: at most 64 letters, digits, dots and hyphens`,
    );
  return name;
}

/** Podman has several in one value, docker values with commas (ports, ranges): only before another name is it a separator. */
function severalSysctls(text: string): string[] {
  return text === '' ? [] : text.split(/,(?=\s*[a-z][\w.*/-]*=)/);
}

function parseSysctl(text: string): [string, string] {
  const [name, value] = splitOnce(text.trim(), '=');
  // sysctl(8) takes slashes for dots as well.
  const key = name.trim().includes('/') ? name.trim().replaceAll('/', '.') : name.trim();
  if (key === '' || value === undefined || !/^[\w.*-]+$/.test(key))
    throw new InvalidSpecError(`invalid sysctl value "${text}": must be name=value`);
  return [key, value];
}

function dependencies(spec: ContainerSpec, donors: string[]): string[] {
  const modes = [...Object.values(spec.namespaces), spec.network.mode];
  const joined = modes.flatMap((mode) => (mode.mode === 'container' ? [mode.id] : []));
  return [...new Set([...joined, ...donors, ...(spec.requires ?? [])])];
}
