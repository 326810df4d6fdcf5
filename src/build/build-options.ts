import type { Credentials } from '../image/auth-file.ts';

/** What the command line and the API ask of a build: plain data, with names resolved to nothing yet. */
export interface BuildOptions {
  /** A directory, `-`, a git or http(s) address; undefined: no context at all (podman's `build -f FILE`). */
  context: string | undefined;
  /** Where relative paths of options begin. */
  workingDirectory: string;
  /** As given with `-f`; several are joined. Empty: Containerfile, then Dockerfile, in the context. */
  files: readonly string[];
  /** `-f` is looked for in the context before the working directory (podman), or only there (docker for `-f -`). */
  asDocker: boolean;
  ignoreFile: string | undefined;
  /** What `-` reads; the API hands the request's body in. */
  stdin: (() => NodeJS.ReadableStream) | undefined;
  /** `--build-context`: name to directory, address, `docker-image://`, `oci-layout://`, `container-image://`. */
  buildContexts: ReadonlyMap<string, string>;

  /** Names for the image. */
  tags: readonly string[];
  manifest: string | undefined;
  target: string | undefined;
  buildArgs: ReadonlyMap<string, string>;
  /** In place of the first FROM's image. */
  from: string | undefined;
  skipUnusedStages: boolean;
  platforms: readonly string[];

  cache: CacheOptions;
  pull: PullChoice;
  registry: RegistryChoice;
  result: ResultOptions;
  run: RunOptions;
  outputs: readonly BuildOutput[];
  /** Stages at once. */
  jobs: number;
  signal: AbortSignal | undefined;
}

export interface CacheOptions {
  /** False: `--no-cache`. */
  enabled: boolean;
  /** Stages that are built anew in any case (`--no-cache-filter`). */
  exceptStages: readonly string[];
  /** Milliseconds; older entries do not count. */
  maxAge: number | undefined;
  /** Repositories that have an image for each step, tagged with the step's key. */
  from: readonly string[];
  /** Such repositories to be filled. */
  to: readonly string[];
  /** Images whose layers are taken for the steps that their history tells. */
  images: readonly string[];
  /** The last ones are fetched when they are not here. */
  pullImages: boolean;
}

export type PullChoice = 'always' | 'missing' | 'never' | 'newer';

export interface RegistryChoice {
  authfile: string | undefined;
  creds: string | undefined;
  certDir: string | undefined;
  tlsVerify: boolean | undefined;
  /** By registry (`docker.io`); the API hands in what its client has. Win over the files. */
  logins?: ReadonlyMap<string, Credentials> | undefined;
  retries: number | undefined;
  retryDelayMs: number | undefined;
}

/** What the image looks like, whatever its instructions say. */
export interface ResultOptions {
  format: 'oci' | 'docker';
  /** False: one layer for all instructions of the last stage (`--layers=false`), nothing is cached. */
  layers: boolean;
  /** `new`: the layers of this build become one; `all`: those of the base too. */
  squash: 'none' | 'new' | 'all';
  /** Seconds since 1970 for `created`, history and, with `rewriteTimestamps`, the files of new layers. */
  timestamp: number | undefined;
  rewriteTimestamps: boolean;
  labels: ReadonlyMap<string, string>;
  layerLabels: ReadonlyMap<string, string>;
  annotations: ReadonlyMap<string, string>;
  /** Undefined value: taken from this process's environment. */
  env: ReadonlyMap<string, string | undefined>;
  unsetEnv: readonly string[];
  unsetLabels: readonly string[];
  unsetAnnotations: readonly string[];
  inheritLabels: boolean;
  inheritAnnotations: boolean;
  omitHistory: boolean;
  identityLabel: boolean;
  createdAnnotation: boolean;
}

/** How containers of RUN are made. */
export interface RunOptions {
  secrets: readonly BuildSecret[];
  ssh: readonly SshSource[];
  network: string | undefined;
  addHosts: readonly string[];
  noHosts: boolean;
  noHostname: boolean;
  dns: readonly string[];
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
  httpProxy: boolean;
  volumes: readonly string[];
  devices: readonly string[];
  capAdd: readonly string[];
  capDrop: readonly string[];
  securityOpt: readonly string[];
  groupAdd: readonly string[];
  ulimits: readonly string[];
  shmSize: string | undefined;
  memory: string | undefined;
  memorySwap: string | undefined;
  cpuPeriod: number | undefined;
  cpuQuota: number | undefined;
  cpuShares: number | undefined;
  cpusetCpus: string | undefined;
  cpusetMems: string | undefined;
  cgroupParent: string | undefined;
  cgroupns: string | undefined;
  ipc: string | undefined;
  pid: string | undefined;
  userns: string | undefined;
  uts: string | undefined;
  /** Keeps this process's standard input for RUN (`--stdin`). */
  stdin: boolean;
}

/** The value never leaves the process that reads it but for the mount itself. */
export type BuildSecret = { id: string } & (
  | { file: string }
  | { env: string }
  /** The API hands values in. */
  | { value: Buffer }
);

export interface SshSource {
  id: string;
  /** Sockets of agents or private keys; empty: `SSH_AUTH_SOCK`. */
  paths: readonly string[];
}

export type BuildOutput =
  | { type: 'local' | 'tar'; dest: string }
  | { type: 'oci' | 'docker'; dest: string | undefined; name: string | undefined }
  | { type: 'image'; name: string | undefined; push: boolean };
