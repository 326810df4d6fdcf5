import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { observe } from '../libpod/observe.ts';
import { readStorageConf } from '../base/storage-conf.ts';
import { listRecords } from '../libpod/container-glance.ts';
import { hostInfo } from './host-info.ts';
import type { Engine } from './engine.ts';

export { ociArchitecture } from '../libpod/host-facts.ts';

/** What the machine and the stores are like: podman's `info`, but for its `version`, which the caller adds. */
export interface SystemInfo {
  host: Record<string, unknown>;
  store: Record<string, unknown>;
  registries: Record<string, unknown>;
  plugins: Record<string, string[] | null>;
}

export async function systemInfo(engine: Engine): Promise<SystemInfo> {
  // Asked first: a damaged store shows at once.
  const store = storeInfo(engine);
  return { host: await hostInfo(engine), store, registries: await registries(), plugins: PLUGINS };
}

const PLUGINS = {
  volume: ['local'],
  network: ['bridge', 'macvlan', 'ipvlan'],
  log: ['k8s-file', 'none', 'passthrough', 'json-file', 'journald'],
  authorization: null,
};

function storeInfo(engine: Engine): Record<string, unknown> {
  const { graphRoot, runRoot, newVolumes } = engine.paths;
  // Makes the directory, if it was not there.
  const { driverName } = engine.store;
  const space = spaceOf(graphRoot);
  const images = engine.db.prepare('SELECT COUNT(*) FROM images').pluck().get();
  return {
    configFile: readStorageConf().file ?? '',
    containerStore: containerCounts(engine),
    graphDriverName: driverName,
    graphOptions: Object.fromEntries(
      (engine.options.storageOpt ?? []).map((text) => {
        const equals = text.indexOf('=');
        return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
      }),
    ),
    graphRoot,
    graphRootAllocated: space.total,
    graphRootUsed: space.used,
    graphStatus:
      driverName === 'vfs'
        ? {}
        : {
            'Backing Filesystem': space.type,
            'Native Overlay Diff': String(driverName === 'overlay'),
            'Supports d_type': 'true',
            'Using metacopy': 'false',
          },
    imageCopyTmpDir: process.env['TMPDIR'] || '/var/tmp',
    imageStore: { number: Number(images) },
    runRoot,
    transientStore: false,
    volumePath: newVolumes,
  };
}

/** As they are observed; nothing is settled for it. */
function containerCounts(engine: Engine): Record<string, number> {
  const counts = { number: 0, paused: 0, running: 0, stopped: 0 };
  for (const stored of listRecords(engine.db, { whole: false, idle: true })) {
    const { state } = observe(engine, stored);
    counts.number++;
    if (state === 'paused') counts.paused++;
    else if (state === 'running' || state === 'stopping') counts.running++;
    else counts.stopped++;
  }
  return counts;
}

/** By the magic number of statfs(2). */
const FILE_SYSTEMS = new Map([
  [0xef53, 'extfs'],
  [0x01021994, 'tmpfs'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlayfs'],
  [0x6969, 'nfs'],
]);

function spaceOf(path: string): { total: number; used: number; type: string } {
  const { bsize, blocks, bfree, type } = statfsSync(existsSync(path) ? path : join(path, '..'));
  return {
    total: bsize * blocks,
    used: bsize * (blocks - bfree),
    type: FILE_SYSTEMS.get(Number(type)) ?? `0x${Number(type).toString(16)}`,
  };
}

async function registries(): Promise<Record<string, unknown>> {
  const { readRegistriesConf } = await import('../image/registries-conf.ts');
  const conf = await readRegistriesConf();
  const search = conf.unqualifiedSearchRegistries;
  return {
    ...(search.length === 0 ? {} : { search }),
    ...Object.fromEntries(
      conf.registries.map((rule) => [
        rule.prefix,
        {
          Prefix: rule.prefix,
          Location: rule.location || rule.prefix,
          Insecure: rule.insecure,
          Blocked: rule.blocked,
          Mirrors: rule.mirrors.map(({ location, insecure, pullFromMirror }) => ({
            Location: location,
            Insecure: insecure,
            PullFromMirror: pullFromMirror === 'all' ? '' : pullFromMirror,
          })),
          MirrorByDigestOnly: rule.mirrorByDigestOnly,
        },
      ]),
    ),
  };
}
