import { existsSync } from 'node:fs';
import { syscalls } from '../native/linux.ts';
import { COMPILED_SECCOMP } from '../oci/compiled-seccomp.ts';
import { INIT_PATH } from '../specgen/runtime-mounts.ts';
import { type Row, statement } from '../state/db.ts';
import { containerPaths as rootfsPaths, layerPaths, storeLayout } from '../storage/layout.ts';
import { cgroupManagerOf } from './cgroup-manager.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import type { Inspected, InspectDocument, InspectMemo, RunningSpec } from './inspected.ts';
import { inspectCapabilities } from './inspect-capabilities.ts';
import { inspectConfig } from './inspect-config.ts';
import { inspectHostConfig } from './inspect-host-config.ts';
import { inspectMounts } from './inspect-mounts.ts';
import { inspectNetwork } from './inspect-network.ts';
import { goTime, inspectState } from './inspect-state.ts';
import { chosenRuntime } from './runtime-of.ts';

export interface ContainerSizes {
  /** Bytes in the container's own layer. */
  own: number;
  /** And in its image's. */
  total: number;
}

export function inspectMemo(): InspectMemo {
  return { digests: new Map(), lowers: new Map(), runtimes: new Map() };
}

/** podman's document of `container inspect`. Reads only. Those who inspect many give the same memo for all. */
export function inspectContainer(
  libpod: Libpod,
  record: ContainerRecord,
  {
    sizes,
    memo = inspectMemo(),
  }: { sizes?: ContainerSizes | undefined; memo?: InspectMemo | undefined } = {},
): InspectDocument {
  const { spec } = record;
  const { bundle } = containerPaths(libpod.paths, record.id);
  memo.cgroupManager ??= cgroupManagerOf(libpod);
  memo.execs ??= runningExecs(libpod);
  // One look spares four at each container that was never started.
  const hasBundle = existsSync(bundle.bundle);
  const running = hasBundle ? readRunningSpec(libpod, record) : undefined;
  const path = (name: string): string => {
    const file = `${bundle.bundle}/${name}`;
    return hasBundle && existsSync(file) ? file : '';
  };
  const inspected: Inspected = { libpod, record, running, cgroupManager: memo.cgroupManager };
  const args = spec.init === undefined ? spec.process.args : [INIT_PATH, '--', ...spec.process.args];
  const { bounding, effective } = inspectCapabilities(inspected);
  return {
    Id: record.id,
    Created: goTime(record.createdAt),
    Path: args[0] ?? '',
    // A single word stands in both places: podman has it so.
    Args: args.length > 1 ? args.slice(1) : args,
    State: inspectState(inspected),
    Image: record.imageId ?? '',
    ImageDigest: manifestDigestOf(libpod, spec.imageId, memo),
    ImageName: record.imageName,
    Rootfs: spec.rootfs?.path ?? '',
    Pod: record.podId ?? '',
    ResolvConfPath: path('resolv.conf'),
    HostnamePath: path('hostname'),
    HostsPath: path('hosts'),
    StaticDir: containerPaths(libpod.paths, record.id).directory,
    ...(running === undefined ? {} : { OCIConfigPath: bundle.config }),
    OCIRuntime: runtimeName(libpod, record, memo),
    ConmonPidFile: bundle.monitorPidFile,
    PidFile: spec.pidFile ?? bundle.pidFile,
    Name: record.name,
    RestartCount: record.restartCount,
    Driver: libpod.store.driverName,
    MountLabel: '',
    ProcessLabel: running?.process.selinuxLabel ?? '',
    AppArmorProfile: running?.process.apparmorProfile ?? '',
    EffectiveCaps: effective,
    BoundingCaps: bounding,
    ExecIDs: memo.execs.get(record.id) ?? [],
    GraphDriver: graphDriver(libpod, record, memo),
    ...(sizes === undefined ? {} : { SizeRw: sizes.own, SizeRootFs: sizes.total }),
    Mounts: inspectMounts(libpod, spec.mounts),
    Dependencies: spec.dependencies,
    NetworkSettings: inspectNetwork(libpod, record),
    Namespace: '',
    IsInfra: spec.podRole === 'infra',
    IsService: false,
    KubeExitCodePropagation: 'invalid',
    // There is no table of locks; podman's readers expect the member.
    lockNumber: 0,
    Config: inspectConfig(inspected),
    HostConfig: inspectHostConfig(inspected, bounding),
    UseImageHosts: !spec.network.manageHosts,
    UseImageHostname: !spec.network.manageHostname,
  };
}

/** How much of the disk a container takes. Walks its own files. */
export async function containerSizes(libpod: Libpod, record: ContainerRecord): Promise<ContainerSizes> {
  const own = await libpod.store.rootfs.usage(record.id);
  const image = record.imageId === undefined ? undefined : libpod.store.images.byId(record.imageId);
  return { own, total: own + (image?.size ?? 0) };
}

/** All that is shown of config.json stands before `linux`, whose seccomp filter is most of it. */
const REST = ',"linux":{';

function readRunningSpec(libpod: Libpod, record: ContainerRecord): RunningSpec | undefined {
  const { config } = containerPaths(libpod.paths, record.id).bundle;
  try {
    // Our own file, appeared by rename. In a text of JSON no quote stands by itself: this is the member, and none before it has one.
    const text = syscalls().readText(config);
    if (text === undefined) return undefined;
    const end = text.indexOf(REST);
    const document = JSON.parse(end < 0 ? text : `${text.slice(0, end)}}`) as RunningSpec;
    // Between us and the runtime, unless the user gave it.
    if (record.spec.annotations[COMPILED_SECCOMP] === undefined)
      delete document.annotations?.[COMPILED_SECCOMP];
    return document;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Without the image's documents, which are large. */
function manifestDigestOf(libpod: Libpod, imageId: string | undefined, { digests }: InspectMemo): string {
  if (imageId === undefined) return '';
  const known = digests.get(imageId);
  if (known !== undefined) return known;
  const row = statement(libpod.db, 'SELECT manifest_digest FROM images WHERE id = ?').get(imageId);
  const digest = String((row as Row | undefined)?.['manifest_digest'] ?? '');
  digests.set(imageId, digest);
  return digest;
}

/** What it would be started with now is looked for in many places, mostly the same for all. */
function runtimeName(libpod: Libpod, record: ContainerRecord, { runtimes }: InspectMemo): string {
  if (record.facts.runtime !== undefined) return record.facts.runtime.name;
  const wanted = libpod.runtimeOptions.runtime ?? record.spec.runtime;
  const known = runtimes.get(wanted) ?? nameOfChosen(libpod, wanted);
  runtimes.set(wanted, known);
  return known;
}

function nameOfChosen(libpod: Libpod, wanted: string | undefined): string {
  try {
    return chosenRuntime(libpod, wanted).name;
  } catch {
    // None is installed: that is for `start` to say.
    return '';
  }
}

function runningExecs(libpod: Libpod): Map<string, string[]> {
  const rows = statement(
    libpod.db,
    "SELECT container_id, id FROM exec_sessions WHERE state <> 'stopped' ORDER BY created_at",
  ).all() as Row[];
  const sessions = new Map<string, string[]>();
  for (const row of rows) {
    const container = String(row['container_id']);
    sessions.set(container, [...(sessions.get(container) ?? []), String(row['id'])]);
  }
  return sessions;
}

function graphDriver(libpod: Libpod, record: ContainerRecord, { lowers }: InspectMemo): InspectDocument {
  const layout = storeLayout(libpod.store.graphRoot);
  const { diff, work, merged } = rootfsPaths(layout, record.id);
  const top = record.layerId ?? '';
  let lower = lowers.get(top);
  if (lower === undefined) {
    const layers = top === '' ? [] : libpod.store.layers.chain(top);
    lower = layers.map((layer) => layerPaths(layout, layer.id).diff).join(':');
    lowers.set(top, lower);
  }
  return {
    Name: libpod.store.driverName,
    Data: {
      ...(lower === '' ? {} : { LowerDir: lower }),
      ...(libpod.store.rootfs.isMounted(record.id) ? { MergedDir: merged } : {}),
      UpperDir: diff,
      WorkDir: work,
    },
  };
}
