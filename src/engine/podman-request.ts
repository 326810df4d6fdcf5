import type { PodmanConfig, PodmanHealth } from '../image/podman-config.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import { pairs, type PartlyOptions, type PodmanAround } from './podman-around.ts';
import { podmanLimits } from './podman-limits.ts';
import { podmanPlaces } from './podman-places.ts';

/**
 * A container of podman as options of create. Podman keeps what came out of the options, in the document for the OCI runtime and beside it: what
 * every container has is left out again. Throws InvalidSpecError for what has no option.
 */
export function podmanRequest(config: PodmanConfig, around: PodmanAround): CreateRequest {
  const options: PartlyOptions = {
    ...processOptions(config, around),
    ...lifeOptions(config, around),
    ...podmanPlaces(config, around),
    ...podmanLimits(config, around),
  };
  const given = Object.entries(options).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return {
    options: Object.fromEntries(given),
    image: config.rootfs ? `${config.rootfs}${config.rootfs_overlay === true ? ':O' : ''}` : '',
    command: commandOf(config),
    ...(config.createWorkingDir === true ? { extras: { makeWorkdir: true } } : {}),
  };
}

const INIT_PATHS = ['/run/podman-init', '/dev/init'];

/** Without the init that podman puts before it. */
function argsOf({ spec }: PodmanConfig): string[] {
  const args = spec?.process?.args ?? [];
  return INIT_PATHS.includes(args[0] ?? '') ? args.slice(args[1] === '--' ? 2 : 1) : [...args];
}

/** What follows the entrypoint. */
function commandOf(config: PodmanConfig): string[] {
  const [args, command] = [argsOf(config), config.command ?? []];
  return same(args.slice(args.length - command.length), command) ? command : [];
}

function processOptions(config: PodmanConfig, { image }: PodmanAround): PartlyOptions {
  const args = argsOf(config);
  const entrypoint = args.slice(0, args.length - commandOf(config).length);
  const process = config.spec?.process ?? {};
  const cwd = process.cwd ?? '/';
  const hostname = config.spec?.hostname ?? '';
  const env = (process.env ?? []).filter(
    (entry) => !USUAL_ENV.has(entry) && entry !== `HOSTNAME=${hostname}`,
  );
  const names = new Set((process.env ?? []).map((entry) => entry.split('=')[0]));
  const annotations = config.spec?.annotations ?? {};
  const keepsGroups = annotations['run.oci.keep_original_groups'] === '1';
  return {
    rootfs: config.rootfs ? true : undefined,
    entrypoint: same(entrypoint, image?.entrypoint ?? []) ? undefined : JSON.stringify(entrypoint),
    env: env.filter((entry) => image?.env.includes(entry) !== true),
    unsetenv: (image?.env ?? []).map((entry) => entry.split('=')[0] ?? '').filter((name) => !names.has(name)),
    // What came from the host then is in the environment.
    httpProxy: false,
    tty: process.terminal,
    interactive: config.stdin,
    workdir: cwd === (image?.workdir || '/') ? undefined : cwd,
    user: config.user || undefined,
    groupAdd: keepsGroups ? ['keep-groups'] : (config.groups ?? []),
    umask: config.umask || undefined,
    tz: config.timezone || undefined,
    init: INIT_PATHS.includes(process.args?.[0] ?? '') ? true : undefined,
    systemd: config.systemd === true ? 'always' : undefined,
    passwd: config.passwd ?? undefined,
    passwdEntry: config.passwd_entry,
    groupEntry: config.group_entry,
    hostuser: config.hostUsers ?? [],
    chrootdirs: config.chroot_directories ?? [],
    annotation: pairs(annotations).filter((text) => !OWN_ANNOTATIONS.test(text)),
  };
}

const USUAL_ENV = new Set(['container=podman', 'TERM=xterm']);

/** Those that podman derives from options, and reads again. */
const OWN_ANNOTATIONS =
  /^(io\.podman\.annotations\.|io\.kubernetes\.cri-o\.|io\.container\.manager=|run\.oci\.keep_original_groups=|org\.opencontainers\.image\.stopSignal=)/;

function lifeOptions(config: PodmanConfig, { nameOf, podOf }: PodmanAround): PartlyOptions {
  const tries = config.restart_retries ?? 0;
  const policy = config.restart_policy || undefined;
  return {
    name: config.name,
    pod: config.pod ? podOf(config.pod) : undefined,
    initCtr: config.init_container_type,
    requires: (config.Dependencies ?? []).map(nameOf),
    label: pairs(config.labels ?? {}),
    rm: config.spec?.annotations?.['io.podman.annotations.autoremove'] === 'TRUE' ? true : undefined,
    restart: policy === undefined || tries === 0 ? policy : `${policy}:${tries}`,
    stopSignal: config.stopSignal ? String(config.stopSignal) : undefined,
    stopTimeout: config.stopTimeout,
    timeout: config.timeout || undefined,
    sdnotify: config.sdnotifyMode === 'container' ? undefined : config.sdnotifyMode,
    ...healthOptions(config),
    ...logOptions(config),
  };
}

const ON_FAILURE = ['none', undefined, 'kill', 'restart', 'stop'];

function healthOptions(config: PodmanConfig): PartlyOptions {
  const { healthcheck, startupHealthCheck: startup } = config;
  const test = healthcheck?.Test ?? [];
  if (test.length === 0) return {};
  if (test[0] === 'NONE') return { noHealthcheck: true };
  const failure = ON_FAILURE[config.healthcheck_on_failure_action ?? 0];
  const start: PartlyOptions = {
    healthStartupCmd: JSON.stringify(startup?.Test ?? []),
    healthStartupInterval: nanoseconds(startup?.Interval),
    healthStartupTimeout: nanoseconds(startup?.Timeout),
    healthStartupRetries: startup?.Retries || undefined,
    healthStartupSuccess: startup?.Successes || undefined,
  };
  return {
    ...checkOptions(healthcheck ?? {}),
    healthOnFailure: failure === 'none' ? undefined : failure,
    healthLogDestination: config.healthLogDestination ?? undefined,
    healthMaxLogCount: config.healthMaxLogCount ?? undefined,
    healthMaxLogSize: config.healthMaxLogSize ?? undefined,
    ...((startup?.Test ?? []).length === 0 ? {} : start),
  };
}

function checkOptions({ Test, Interval, Timeout, StartPeriod, Retries }: PodmanHealth): PartlyOptions {
  return {
    healthCmd: JSON.stringify(Test ?? []),
    healthInterval: nanoseconds(Interval),
    healthTimeout: nanoseconds(Timeout),
    healthStartPeriod: nanoseconds(StartPeriod),
    healthRetries: Retries || undefined,
  };
}

function nanoseconds(value: number | undefined): string | undefined {
  return value === undefined || value === 0 ? undefined : `${value}ns`;
}

function logOptions({
  logDriver,
  logTag,
  logSize = 0,
  logPath = '',
  staticDir,
}: PodmanConfig): PartlyOptions {
  const isOwnPath = staticDir !== undefined && logPath.startsWith(`${staticDir}/`);
  return {
    logDriver: logDriver || undefined,
    logOpt: [
      ...(logTag ? [`tag=${logTag}`] : []),
      ...(logSize > 0 ? [`max-size=${logSize}b`] : []),
      ...(isOwnPath || logPath === '' ? [] : [`path=${logPath}`]),
    ],
  };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}
