import type { HealthcheckConfig, ImageRunConfig } from '../oci/image-spec.ts';
import { layerPaths, storeLayout } from '../storage/layout.ts';
import type { ImageRecord, Store } from '../storage/store.ts';
import { parentOf } from './image-tree.ts';

/** podman's document of `image inspect`: same members, same order, absent where podman leaves them out. */
export function inspectImage(store: Store, image: ImageRecord): Record<string, unknown> {
  const { config } = image;
  const raw = JSON.parse(image.rawConfig) as Record<string, unknown>;
  const manifest = JSON.parse(image.manifest) as Record<string, unknown>;
  const health = config.config.healthcheck;
  return {
    Id: image.id,
    Digest: image.manifestDigest,
    RepoTags: [...image.names].reverse(),
    RepoDigests: image.repoDigests,
    Parent: parentOf(store, image)?.id ?? '',
    Comment: config.comment ?? config.history.at(-1)?.comment ?? '',
    Created: config.created ?? null,
    Config: inspectRunConfig(config.config),
    Version: typeof raw['docker_version'] === 'string' ? raw['docker_version'] : '',
    Author: config.author ?? '',
    Architecture: config.architecture,
    Os: config.os,
    Size: image.size,
    VirtualSize: image.size,
    GraphDriver: { Name: store.driverName, Data: driverData(store, image) },
    RootFS: { Type: 'layers', Layers: config.diffIds },
    Labels: hasMembers(config.config.labels) ? config.config.labels : null,
    Annotations: manifest['annotations'] ?? {},
    ManifestType: image.manifestType,
    User: config.config.user,
    History: config.history.map((entry) => ({
      ...(entry.created === undefined ? {} : { created: entry.created }),
      ...(entry.createdBy === undefined ? {} : { created_by: entry.createdBy }),
      ...(entry.author === undefined ? {} : { author: entry.author }),
      ...(entry.comment === undefined ? {} : { comment: entry.comment }),
      ...(entry.emptyLayer ? { empty_layer: true } : {}),
    })),
    NamesHistory: image.names,
    ...(health === undefined ? {} : { Healthcheck: inspectHealthcheck(health) }),
  };
}

/** The `config` of an image as the image specification writes it; empty members are left out. */
export function inspectRunConfig(run: ImageRunConfig): Record<string, unknown> {
  return {
    ...(run.user === '' ? {} : { User: run.user }),
    ...(run.exposedPorts.length === 0 ? {} : { ExposedPorts: asSet(run.exposedPorts) }),
    ...(run.env.length === 0 ? {} : { Env: run.env }),
    ...(run.entrypoint === undefined ? {} : { Entrypoint: run.entrypoint }),
    ...(run.cmd === undefined ? {} : { Cmd: run.cmd }),
    ...(run.volumes.length === 0 ? {} : { Volumes: asSet(run.volumes) }),
    ...(run.workingDir === '' ? {} : { WorkingDir: run.workingDir }),
    ...(hasMembers(run.labels) ? { Labels: run.labels } : {}),
    ...(run.stopSignal === undefined ? {} : { StopSignal: run.stopSignal }),
    ...(run.onBuild.length === 0 ? {} : { OnBuild: run.onBuild }),
  };
}

/** Durations in nanoseconds, as Go writes them. */
export function inspectHealthcheck(health: HealthcheckConfig): Record<string, unknown> {
  return {
    ...(health.test.length === 0 ? {} : { Test: health.test }),
    ...(health.startPeriod ? { StartPeriod: health.startPeriod } : {}),
    ...(health.startInterval ? { StartInterval: health.startInterval } : {}),
    ...(health.interval ? { Interval: health.interval } : {}),
    ...(health.timeout ? { Timeout: health.timeout } : {}),
    ...(health.retries ? { Retries: health.retries } : {}),
  };
}

function driverData(store: Store, image: ImageRecord): Record<string, string> {
  if (image.topLayerId === undefined) return {};
  const layout = storeLayout(store.graphRoot);
  const [top, ...below] = store.layers
    .chain(image.topLayerId)
    .map((layer) => layerPaths(layout, layer.id).diff);
  return {
    ...(below.length === 0 ? {} : { LowerDir: below.join(':') }),
    ...(top === undefined ? {} : { UpperDir: top }),
  };
}

function asSet(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries([...keys].sort().map((key) => [key, {}]));
}

function hasMembers(labels: Record<string, string>): boolean {
  return Object.keys(labels).length > 0;
}
