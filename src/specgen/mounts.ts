import { blamingConf } from '../base/containers-conf-blame.ts';
import { isDeepStrictEqual } from 'node:util';
import { InvalidSpecError } from '../base/errors.ts';
import { containerPath } from './container-path.ts';
import type { MountSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import { parseMountFlag } from './mount-flag.ts';
import { completeTmpfsOptions } from './mount-options.ts';
import type { SpecContext } from './spec-context.ts';
import { systemdMounts } from './systemd-mode.ts';
import { parseVolumeFlag } from './volume-flag.ts';
import { mountsFromContainers } from './volumes-from.ts';

/** Writable places that programs expect even on a read-only root. */
const READ_ONLY_TMPFS = ['/run', '/tmp', '/var/tmp'];

/**
 * All mounts the user, the image and the configuration ask for, one per destination. Who wins: -v, --mount and --tmpfs, then
 * --volumes-from, then containers.conf, then the image's VOLUME list, then what systemd needs, then the tmpfs of --read-only.
 */
export function mountsFromOptions(
  options: CreateOptions,
  context: SpecContext,
  { systemd, given = [] }: { systemd: boolean; given?: readonly MountSpec[] },
): MountSpec[] {
  const asked = [
    ...given,
    ...(options.volume ?? []).map((text) => volumeOrBind(text, context)),
    ...(options.mount ?? []).flatMap((text) => parseMountFlag(text, context)),
    ...(options.tmpfs ?? []).map(parseTmpfsFlag),
  ];
  const own: MountSpec[] = [];
  for (const mount of asked) {
    const present = own.find((other) => other.destination === mount.destination);
    if (present === undefined) own.push(mount);
    // Scripts that collect flags from several places repeat themselves.
    else if (!isDeepStrictEqual(present, mount))
      throw new InvalidSpecError(`${mount.destination}: duplicate mount destination`);
  }
  const configured = [
    ...blamingConf(context.config, 'containers.volumes', () =>
      context.config.containers.volumes.map((text) => parseVolumeFlag(text, context)),
    ),
    ...blamingConf(context.config, 'containers.mounts', () =>
      context.config.containers.mounts.flatMap((text) => parseMountFlag(text, context)),
    ),
  ];
  const mounts = [...own];
  const add = (candidates: MountSpec[]) => {
    for (const mount of candidates)
      if (!mounts.some((present) => present.destination === mount.destination)) mounts.push(mount);
  };
  add(mountsFromContainers(options.volumesFrom ?? [], context));
  add(configured);
  add(imageVolumes(options.imageVolume ?? context.config.engine.imageVolumeMode ?? 'anonymous', context));
  add(systemdMounts(options, systemd));
  const readOnly = options.readOnly ?? context.config.containers.readOnly;
  if (readOnly && (options.readOnlyTmpfs ?? true))
    add(READ_ONLY_TMPFS.map((path) => ({ type: 'tmpfs', destination: path, ...completeTmpfsOptions([]) })));
  return mounts;
}

function volumeOrBind(text: string, context: SpecContext): MountSpec {
  const mount = parseVolumeFlag(text, context);
  return mount.type === 'bind' && context.makeBindSources === true ? { ...mount, create: true } : mount;
}

/** `/path[:opt,opt]` */
function parseTmpfsFlag(text: string): MountSpec {
  const [path = '', options, ...rest] = text.split(':');
  if (rest.length > 0) throw new InvalidSpecError(`invalid tmpfs "${text}": must be /path[:options]`);
  return {
    type: 'tmpfs',
    destination: containerPath(path),
    ...completeTmpfsOptions((options ?? '').split(',')),
  };
}

function imageVolumes(how: string, context: SpecContext): MountSpec[] {
  const paths = context.image?.config.config.volumes ?? [];
  if (how === 'ignore') return [];
  if (how === 'tmpfs')
    return paths.map((path) => ({
      type: 'tmpfs',
      destination: containerPath(path),
      ...completeTmpfsOptions([]),
    }));
  if (how !== 'anonymous' && how !== 'bind')
    throw new InvalidSpecError(`invalid --image-volume type "${how}": must be bind, tmpfs or ignore`);
  return paths.map((path) => ({
    type: 'image-volume',
    name: context.newVolumeName(),
    destination: containerPath(path),
    options: ['rprivate', 'rw', 'nodev', 'exec', 'nosuid', 'rbind'],
  }));
}
