import { UnsupportedError, UsageError } from '../../base/errors.ts';
import { type BuildOptions, cacheSources, type ResultOptions, type RunOptions } from '../../engine/build.ts';
import type { Credentials } from '../../engine/registry-login.ts';
import type { Exchange } from '../exchange.ts';
import { credentialsFrom } from './registry-auth.ts';

const JOBS = 4;
/** What RUN has here anyway. The numbers are what podman's client sends: default, by an OCI runtime, by one without root. */
const ISOLATIONS: ReadonlySet<string> = new Set(['', 'default', 'oci', 'rootless', '0', '1', '3']);

/** docker's parameters of a build as the engine takes them; the body is the context. */
export function buildOptionsIn(exchange: Exchange): BuildOptions {
  const { query, request, signal } = exchange;
  refuseWhatIsNotKept(exchange);
  const platform = query.text('platform');
  return {
    context: remoteContext(exchange) ?? '-',
    workingDirectory: '/',
    files: [containerfile(exchange)],
    asDocker: true,
    ignoreFile: undefined,
    stdin: () => request,
    buildContexts: new Map(),
    tags: query.all('t'),
    manifest: undefined,
    target: query.text('target'),
    buildArgs: textMap(exchange, 'buildargs'),
    from: undefined,
    skipUnusedStages: true,
    platforms: platform === undefined ? [] : [platform],
    cache: {
      enabled: !query.flag('nocache'),
      exceptStages: [],
      maxAge: undefined,
      ...cacheSources(listIn(exchange, 'cachefrom'), { asDocker: true }),
      to: [],
      // docker's builder without BuildKit takes those that are there.
      pullImages: false,
    },
    pull: query.flag('pull') ? 'always' : 'missing',
    registry: {
      authfile: undefined,
      creds: undefined,
      certDir: undefined,
      tlsVerify: undefined,
      retries: undefined,
      retryDelayMs: undefined,
      logins: loginsIn(exchange),
    },
    result: resultOptions(exchange),
    run: runOptions(exchange),
    outputs: [],
    jobs: JOBS,
    signal,
  };
}

/** Never a path: it would be one of the service's machine. */
function remoteContext({ query }: Exchange): string | undefined {
  const remote = query.text('remote');
  if (remote === undefined || /^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(remote)) return remote;
  throw new UsageError(
    `invalid parameter remote: ${JSON.stringify(remote)} is no address of a repository or an archive`,
  );
}

/** A file of the context: `-` would be the body again. */
function containerfile({ query }: Exchange): string {
  const file = query.text('dockerfile') ?? 'Dockerfile';
  return file === '-' ? './-' : file;
}

function refuseWhatIsNotKept({ query }: Exchange): void {
  if (query.text('version') === '2')
    throw new UnsupportedError('builds by BuildKit sessions are not supported: set DOCKER_BUILDKIT=0');
  if (query.text('outputs') !== undefined)
    throw new UnsupportedError('the parameter outputs of a build is not supported');
  const isolation = query.text('isolation') ?? 'default';
  if (!ISOLATIONS.has(isolation))
    throw new UnsupportedError(`the isolation ${JSON.stringify(isolation)} is not supported`);
  if (/^(client-session|upload-request)/.test(query.text('remote') ?? ''))
    throw new UnsupportedError('contexts by BuildKit sessions are not supported: set DOCKER_BUILDKIT=0');
}

function resultOptions(exchange: Exchange): ResultOptions {
  return {
    format: 'docker',
    layers: true,
    squash: exchange.query.flag('squash') ? 'new' : 'none',
    timestamp: undefined,
    rewriteTimestamps: false,
    labels: textMap(exchange, 'labels'),
    layerLabels: new Map(),
    annotations: new Map(),
    env: new Map(),
    unsetEnv: [],
    unsetLabels: [],
    unsetAnnotations: [],
    inheritLabels: true,
    inheritAnnotations: true,
    omitHistory: false,
    identityLabel: false,
    createdAnnotation: false,
  };
}

function runOptions(exchange: Exchange): RunOptions {
  const { query } = exchange;
  const network = query.text('networkmode');
  const bytes = (name: string): string | undefined => {
    const value = query.integer(name);
    return value === undefined || value === 0 ? undefined : String(value);
  };
  const positive = (name: string): number | undefined => query.integer(name) || undefined;
  return {
    secrets: [],
    ssh: [],
    network: network === 'default' ? undefined : network,
    addHosts: query.all('extrahosts'),
    noHosts: false,
    noHostname: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    httpProxy: false,
    volumes: [],
    devices: [],
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    groupAdd: [],
    ulimits: ulimitsIn(exchange),
    shmSize: bytes('shmsize'),
    memory: bytes('memory'),
    memorySwap: bytes('memswap'),
    cpuPeriod: positive('cpuperiod'),
    cpuQuota: positive('cpuquota'),
    cpuShares: positive('cpushares'),
    cpusetCpus: query.text('cpusetcpus'),
    cpusetMems: query.text('cpusetmems'),
    cgroupParent: query.text('cgroupparent'),
    cgroupns: undefined,
    ipc: undefined,
    pid: undefined,
    userns: undefined,
    uts: undefined,
    stdin: false,
  };
}

/** A JSON object of strings; null takes the value that the service's environment has, which here is none. */
function textMap({ query }: Exchange, name: string): Map<string, string> {
  const document = query.json(name) ?? {};
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new UsageError(`invalid parameter ${name}: must be a JSON object`);
  const entries = Object.entries(document as Record<string, unknown>).filter(([, value]) => value !== null);
  return new Map(
    entries.map(([key, value]) => {
      if (typeof value !== 'string')
        throw new UsageError(`invalid parameter ${name}: ${key} is not a string`);
      return [key, value];
    }),
  );
}

function listIn({ query }: Exchange, name: string): string[] {
  const value = query.json(name) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new UsageError(`invalid parameter ${name}: must be a JSON list of strings`);
}

function ulimitsIn({ query }: Exchange): string[] {
  const list = query.json('ulimits') ?? [];
  if (!Array.isArray(list)) throw new UsageError('invalid parameter ulimits: must be a JSON list');
  return (list as { Name?: unknown; Soft?: unknown; Hard?: unknown }[]).map(
    ({ Name, Soft, Hard }) => `${String(Name)}=${String(Soft)}:${String(Hard)}`,
  );
}

/** The client's logins, by registry. */
function loginsIn({ request }: Exchange): Map<string, Credentials> {
  const header = request.headers['x-registry-config'];
  const logins = new Map<string, Credentials>();
  if (typeof header !== 'string' || header === '') return logins;
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    throw new UsageError('invalid header X-Registry-Config: not JSON in base64');
  }
  for (const [address, entry] of Object.entries((document ?? {}) as Record<string, unknown>)) {
    if (typeof entry !== 'object' || entry === null) continue;
    const credentials = credentialsFrom(entry as Record<string, unknown>);
    const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    const domain = host === 'index.docker.io' ? 'docker.io' : host;
    if (credentials !== undefined) logins.set(domain, credentials);
  }
  return logins;
}
