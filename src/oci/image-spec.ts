import { IntegrityError } from '../base/errors.ts';
import { type Digest, isDigest } from '../base/ids.ts';

/** OCI image-spec v1.1 and Docker schema 2: the parts that tspod reads. */
export const MEDIA = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerTar: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerPlain: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  urls?: string[];
  platform?: Platform;
  annotations?: Record<string, string>;
}

export interface ImageManifest {
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
}

export interface ImageIndex {
  mediaType: string;
  manifests: Descriptor[];
  annotations?: Record<string, string>;
}

export interface HealthcheckConfig {
  /** ["NONE"], ["CMD", …] or ["CMD-SHELL", line]. */
  test: string[];
  /** Nanoseconds. */
  interval?: number;
  timeout?: number;
  startPeriod?: number;
  startInterval?: number;
  retries?: number;
}

/** `config` of the image configuration: defaults for containers. */
export interface ImageRunConfig {
  user: string;
  exposedPorts: string[];
  env: string[];
  entrypoint: string[] | undefined;
  cmd: string[] | undefined;
  volumes: string[];
  workingDir: string;
  labels: Record<string, string>;
  stopSignal: string | undefined;
  healthcheck: HealthcheckConfig | undefined;
  shell: string[] | undefined;
  onBuild: string[];
}

export interface HistoryEntry {
  created?: string;
  createdBy?: string;
  author?: string;
  comment?: string;
  emptyLayer: boolean;
}

export interface ImageConfig extends Platform {
  osVersion?: string;
  created: string | undefined;
  author: string | undefined;
  comment: string | undefined;
  config: ImageRunConfig;
  diffIds: Digest[];
  history: HistoryEntry[];
}

/** Validates hostile JSON; throws IntegrityError that names `what`. */
export function parseManifest(text: string, what: string): ImageManifest | ImageIndex {
  const json = object(parseJson(text, what), what);
  const declared = optionalString(json['mediaType'], `${what}: mediaType`);
  const annotations = stringMap(json['annotations'], `${what}: annotations`);
  if (json['manifests'] !== undefined) {
    const manifests = array(json['manifests'], `${what}: manifests`).map((item, i) =>
      descriptor(item, `${what}: manifests[${i}]`),
    );
    return { mediaType: declared ?? MEDIA.ociIndex, manifests, annotations };
  }
  if (json['schemaVersion'] === 1) {
    throw new IntegrityError(`${what} is a Docker schema 1 manifest, which is no longer supported`, {
      hint: 'push the image again with a current tool',
    });
  }
  if (json['config'] === undefined || json['layers'] === undefined) {
    throw new IntegrityError(`${what} is neither an image manifest nor an index`);
  }
  return {
    mediaType: declared ?? MEDIA.ociManifest,
    config: descriptor(json['config'], `${what}: config`),
    layers: array(json['layers'], `${what}: layers`).map((item, i) =>
      descriptor(item, `${what}: layers[${i}]`),
    ),
    annotations,
  };
}

export function isIndex(manifest: ImageManifest | ImageIndex): manifest is ImageIndex {
  return 'manifests' in manifest;
}

/** Validates hostile JSON; throws IntegrityError that names `what`. Null members count as absent, as in Go. */
export function parseImageConfig(text: string, what: string): ImageConfig {
  const json = object(parseJson(text, what), what);
  const rootfs = object(json['rootfs'] ?? {}, `${what}: rootfs`);
  const run = object(json['config'] ?? {}, `${what}: config`);
  const diffIds = array(rootfs['diff_ids'] ?? [], `${what}: rootfs.diff_ids`).map((item, i) =>
    digest(item, `${what}: diff_ids[${i}]`),
  );
  const variant = optionalString(json['variant'], `${what}: variant`);
  const osVersion = optionalString(json['os.version'], `${what}: os.version`);
  return {
    os: optionalString(json['os'], `${what}: os`) || 'linux',
    architecture: optionalString(json['architecture'], `${what}: architecture`) ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
    created: optionalDate(json['created'], `${what}: created`),
    author: optionalString(json['author'], `${what}: author`),
    comment: optionalString(json['comment'], `${what}: comment`),
    config: runConfig(run, `${what}: config`),
    diffIds,
    history: array(json['history'] ?? [], `${what}: history`).map((item, i) =>
      historyEntry(item, `${what}: history[${i}]`),
    ),
  };
}

function runConfig(json: Record<string, unknown>, what: string): ImageRunConfig {
  const health = json['Healthcheck'];
  return {
    user: optionalString(json['User'], `${what}.User`) ?? '',
    exposedPorts: Object.keys(object(json['ExposedPorts'] ?? {}, `${what}.ExposedPorts`)),
    env: strings(json['Env'], `${what}.Env`) ?? [],
    entrypoint: strings(json['Entrypoint'], `${what}.Entrypoint`),
    cmd: strings(json['Cmd'], `${what}.Cmd`),
    volumes: Object.keys(object(json['Volumes'] ?? {}, `${what}.Volumes`)),
    workingDir: optionalString(json['WorkingDir'], `${what}.WorkingDir`) ?? '',
    labels: stringMap(json['Labels'], `${what}.Labels`),
    stopSignal: optionalString(json['StopSignal'], `${what}.StopSignal`),
    healthcheck:
      health === undefined || health === null
        ? undefined
        : healthcheck(object(health, `${what}.Healthcheck`), `${what}.Healthcheck`),
    shell: strings(json['Shell'], `${what}.Shell`),
    onBuild: strings(json['OnBuild'], `${what}.OnBuild`) ?? [],
  };
}

function healthcheck(json: Record<string, unknown>, what: string): HealthcheckConfig {
  const result: HealthcheckConfig = { test: strings(json['Test'], `${what}.Test`) ?? [] };
  for (const [from, to] of HEALTH_NUMBERS) {
    const value = json[from];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || value < 0) throw new IntegrityError(`${what}.${from} is not a number`);
    result[to] = value;
  }
  return result;
}

const HEALTH_NUMBERS = [
  ['Interval', 'interval'],
  ['Timeout', 'timeout'],
  ['StartPeriod', 'startPeriod'],
  ['StartInterval', 'startInterval'],
  ['Retries', 'retries'],
] as const;

function historyEntry(value: unknown, what: string): HistoryEntry {
  const json = object(value, what);
  const entry: HistoryEntry = { emptyLayer: json['empty_layer'] === true };
  const created = optionalDate(json['created'], `${what}.created`);
  const createdBy = optionalString(json['created_by'], `${what}.created_by`);
  const author = optionalString(json['author'], `${what}.author`);
  const comment = optionalString(json['comment'], `${what}.comment`);
  if (created !== undefined) entry.created = created;
  if (createdBy !== undefined) entry.createdBy = createdBy;
  if (author !== undefined) entry.author = author;
  if (comment !== undefined) entry.comment = comment;
  return entry;
}

function descriptor(value: unknown, what: string): Descriptor {
  const json = object(value, what);
  const size = json['size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new IntegrityError(`${what}: size is not a number`);
  const result: Descriptor = {
    mediaType: optionalString(json['mediaType'], `${what}: mediaType`) ?? '',
    digest: digest(json['digest'], `${what}: digest`),
    size,
  };
  const urls = strings(json['urls'], `${what}: urls`);
  if (urls !== undefined) result.urls = urls;
  if (json['annotations'] !== undefined)
    result.annotations = stringMap(json['annotations'], `${what}: annotations`);
  if (json['platform'] !== undefined && json['platform'] !== null) {
    const platform = object(json['platform'], `${what}: platform`);
    const variant = optionalString(platform['variant'], `${what}: platform.variant`);
    result.platform = {
      os: optionalString(platform['os'], `${what}: platform.os`) ?? '',
      architecture: optionalString(platform['architecture'], `${what}: platform.architecture`) ?? '',
      ...(variant === undefined ? {} : { variant }),
    };
  }
  return result;
}

function parseJson(text: string, what: string): unknown {
  if (text.trim() === '') throw new IntegrityError(`${what} is empty`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new IntegrityError(`${what} is not valid JSON`, { cause: error });
  }
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new IntegrityError(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function array(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new IntegrityError(`${what} is not a list`);
  return value;
}

function optionalString(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new IntegrityError(`${what} is not a string`);
  return value;
}

/** As Go reads a time; every list of images shows it. */
function optionalDate(value: unknown, what: string): string | undefined {
  const text = optionalString(value, what);
  if (text !== undefined && !(RFC_3339.test(text) && Number.isFinite(Date.parse(text))))
    throw new IntegrityError(`${what} is not a date`);
  return text;
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function strings(value: unknown, what: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return array(value, what).map((item, i) => {
    if (typeof item !== 'string') throw new IntegrityError(`${what}[${i}] is not a string`);
    return item;
  });
}

function stringMap(value: unknown, what: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const result: Record<string, string> = {};
  for (const [key, item] of Object.entries(object(value, what))) {
    if (typeof item !== 'string') throw new IntegrityError(`${what}.${key} is not a string`);
    result[key] = item;
  }
  return result;
}

function digest(value: unknown, what: string): Digest {
  if (typeof value !== 'string' || !isDigest(value)) throw new IntegrityError(`${what} is not a digest`);
  return value;
}
