import { readFileSync } from 'node:fs';
import { parseDuration } from '../../../base/durations.ts';
import { messageOf, UnsupportedError, UsageError } from '../../../base/errors.ts';
import {
  type BuildOptions,
  cacheSources,
  cacheTargets,
  type PullChoice,
  type ResultOptions,
  type RunOptions,
} from '../../../engine/build.ts';
import type { CommandInput } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { parseBuildOutput } from './build-output.ts';
import { parseBuildSecret, parseSshSource } from './build-secrets.ts';

/** The flags of `build` as the engine takes them. */
export function buildRequest({ args, flags, asDocker }: CommandInput): BuildOptions {
  refuseWhatIsNotKept(flags);
  const platforms = list(flags, 'platform');
  return {
    context: args[0],
    workingDirectory: process.cwd(),
    files: list(flags, 'file'),
    asDocker,
    ignoreFile: text(flags, 'ignorefile'),
    stdin: () => process.stdin,
    buildContexts: pairs(list(flags, 'buildContext'), '--build-context'),
    tags: list(flags, 'tag'),
    manifest: text(flags, 'manifest'),
    target: text(flags, 'target'),
    buildArgs: buildArgs(flags),
    from: text(flags, 'from'),
    skipUnusedStages: flags['skipUnusedStages'] !== false,
    platforms: platforms.length > 0 ? platforms : platformParts(flags),
    cache: {
      enabled: flags['noCache'] !== true,
      exceptStages: list(flags, 'noCacheFilter'),
      maxAge: milliseconds(flags, 'cacheTtl'),
      ...cacheSources(list(flags, 'cacheFrom'), { asDocker }),
      to: cacheTargets(list(flags, 'cacheTo')),
      pullImages: true,
    },
    pull: pullChoice(flags),
    registry: {
      authfile: text(flags, 'authfile'),
      creds: text(flags, 'creds'),
      certDir: text(flags, 'certDir'),
      tlsVerify: flags['tlsVerify'] as boolean | undefined,
      retries: flags['retry'] as number | undefined,
      retryDelayMs: milliseconds(flags, 'retryDelay'),
    },
    result: resultOptions(flags, asDocker),
    run: runOptions(flags),
    outputs: list(flags, 'output').map(parseBuildOutput),
    jobs: jobs(flags),
    signal: undefined,
  };
}

function resultOptions(flags: FlagValues, asDocker: boolean): ResultOptions {
  const on = (name: string): boolean => flags[name] !== false;
  const timestamp = flags['timestamp'] as number | undefined;
  const epoch = flags['sourceDateEpoch'] as number | undefined;
  if (timestamp !== undefined && epoch !== undefined)
    throw new UsageError('--timestamp and --source-date-epoch exclude each other');
  return {
    format: format(flags, asDocker),
    layers: on('layers'),
    squash: flags['squashAll'] === true ? 'all' : flags['squash'] === true ? 'new' : 'none',
    timestamp: timestamp ?? epoch,
    rewriteTimestamps: timestamp !== undefined || flags['rewriteTimestamp'] === true,
    labels: pairs(list(flags, 'label'), '--label', ''),
    layerLabels: pairs(list(flags, 'layerLabel'), '--layer-label', ''),
    annotations: pairs(list(flags, 'annotation'), '--annotation'),
    env: environment(list(flags, 'env')),
    unsetEnv: list(flags, 'unsetenv'),
    unsetLabels: list(flags, 'unsetlabel'),
    unsetAnnotations: list(flags, 'unsetannotation'),
    inheritLabels: on('inheritLabels'),
    inheritAnnotations: on('inheritAnnotations'),
    omitHistory: flags['omitHistory'] === true,
    identityLabel: on('identityLabel'),
    createdAnnotation: on('createdAnnotation'),
  };
}

function runOptions(flags: FlagValues): RunOptions {
  const number = (name: string): number | undefined => flags[name] as number | undefined;
  return {
    secrets: list(flags, 'secret').map(parseBuildSecret),
    ssh: list(flags, 'ssh').map(parseSshSource),
    network: text(flags, 'network'),
    addHosts: list(flags, 'addHost'),
    noHosts: flags['noHosts'] === true,
    noHostname: flags['noHostname'] === true,
    dns: list(flags, 'dns'),
    dnsSearch: list(flags, 'dnsSearch'),
    dnsOptions: list(flags, 'dnsOption'),
    httpProxy: flags['httpProxy'] !== false,
    volumes: list(flags, 'volume'),
    devices: list(flags, 'device'),
    capAdd: list(flags, 'capAdd'),
    capDrop: list(flags, 'capDrop'),
    securityOpt: list(flags, 'securityOpt'),
    groupAdd: list(flags, 'groupAdd'),
    ulimits: list(flags, 'ulimit'),
    shmSize: text(flags, 'shmSize'),
    memory: text(flags, 'memory'),
    memorySwap: text(flags, 'memorySwap'),
    cpuPeriod: number('cpuPeriod'),
    cpuQuota: number('cpuQuota'),
    cpuShares: number('cpuShares'),
    cpusetCpus: text(flags, 'cpusetCpus'),
    cpusetMems: text(flags, 'cpusetMems'),
    cgroupParent: text(flags, 'cgroupParent'),
    cgroupns: text(flags, 'cgroupns'),
    ipc: undefined,
    pid: undefined,
    userns: undefined,
    uts: undefined,
    stdin: flags['stdin'] === true,
  };
}

function refuseWhatIsNotKept(flags: FlagValues): void {
  if (flags['rm'] === false)
    throw new UnsupportedError('--rm=false is not supported: the containers of RUN are always removed');
  for (const name of ['provenance', 'sbom']) {
    const value = flags[name];
    if (value !== undefined && value !== 'false')
      throw new UnsupportedError(`--${name}=${String(value)} is not supported: images carry no attestations`);
  }
}

function text(flags: FlagValues, name: string): string | undefined {
  const value = flags[name] as string | undefined;
  return value === '' ? undefined : value;
}

function list(flags: FlagValues, name: string): string[] {
  return (flags[name] as string[] | undefined) ?? [];
}

/** `--label name` alone is an empty value where `alone` says so. */
function pairs(words: readonly string[], flag: string, alone?: string): Map<string, string> {
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals === 0 || (equals < 0 && alone === undefined))
        throw new UsageError(`${flag} takes name=value, not ${JSON.stringify(word)}`);
      return equals < 0 ? [word, alone ?? ''] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

/** What is neither given a value nor in the environment is not given at all. */
function buildArgs(flags: FlagValues): Map<string, string> {
  const lines = list(flags, 'buildArgFile').flatMap((path) =>
    readArgFile(path)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
  const result = new Map<string, string>();
  for (const [name, value] of environment([...lines, ...list(flags, 'buildArg')])) {
    const decided = value ?? process.env[name];
    if (decided !== undefined) result.set(name, decided);
  }
  return result;
}

function readArgFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read --build-arg-file ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function environment(words: readonly string[]): Map<string, string | undefined> {
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=');
      return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

function platformParts(flags: FlagValues): string[] {
  const [os, arch, variant] = ['os', 'arch', 'variant'].map((name) => text(flags, name));
  if (os === undefined && arch === undefined && variant === undefined) return [];
  if (arch === undefined) {
    if (variant !== undefined) throw new UsageError('--variant needs --arch');
    return [os ?? ''];
  }
  return [[os ?? 'linux', arch, ...(variant === undefined ? [] : [variant])].join('/')];
}

const POLICIES: Readonly<Record<string, PullChoice>> = {
  always: 'always',
  true: 'always',
  missing: 'missing',
  ifmissing: 'missing',
  ifnotpresent: 'missing',
  false: 'missing',
  never: 'never',
  newer: 'newer',
  ifnewer: 'newer',
};

function pullChoice(flags: FlagValues): PullChoice {
  if (flags['pullAlways'] === true) return 'always';
  if (flags['pullNever'] === true) return 'never';
  const policy = POLICIES[text(flags, 'pull') ?? 'missing'];
  if (policy !== undefined) return policy;
  throw new UsageError(`unsupported pull policy ${JSON.stringify(flags['pull'])}`);
}

/** docker's images know health checks and shells, which OCI's do not. */
function format(flags: FlagValues, asDocker: boolean): 'oci' | 'docker' {
  const given = text(flags, 'format') ?? process.env['BUILDAH_FORMAT'] ?? (asDocker ? 'docker' : 'oci');
  if (given === 'oci' || given === 'docker') return given;
  throw new UsageError(`unsupported format ${JSON.stringify(given)}: choose oci or docker`);
}

/** podman's 0 is no limit. */
function jobs(flags: FlagValues): number {
  const given = flags['jobs'] as number | undefined;
  if (given !== undefined && given < 0) throw new UsageError('--jobs cannot be negative');
  return given === 0 ? Number.POSITIVE_INFINITY : (given ?? DEFAULT_JOBS);
}

const DEFAULT_JOBS = 4;

function milliseconds(flags: FlagValues, name: string): number | undefined {
  const given = text(flags, name);
  return given === undefined ? undefined : parseDuration(given, name) / 1e6;
}
