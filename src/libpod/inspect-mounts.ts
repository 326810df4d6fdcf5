import type { MountSpec } from '../specgen/container-spec.ts';
import type { Libpod } from './context.ts';
import type { InspectDocument } from './inspected.ts';
import { peekVolume } from './volume.ts';

const PROPAGATION = new Set([
  'shared',
  'slave',
  'private',
  'rshared',
  'rslave',
  'rprivate',
  'unbindable',
  'runbindable',
]);

/** Volumes first, then binds, as podman lists them; a tmpfs is not among them. */
export function inspectMounts(libpod: Libpod, mounts: readonly MountSpec[]): InspectDocument[] {
  const volumes: InspectDocument[] = [];
  const binds: InspectDocument[] = [];
  for (const mount of mounts) {
    if (mount.type === 'volume' || mount.type === 'image-volume') {
      const volume = peekVolume(libpod, mount.name);
      volumes.push({
        Type: 'volume',
        Name: mount.name,
        Source: volume?.mountpoint ?? '',
        Destination: mount.destination,
        Driver: volume?.driver ?? 'local',
        ...inspectOptions(mount.options),
        ...('subpath' in mount && mount.subpath !== undefined ? { SubPath: mount.subpath } : {}),
      });
    } else if (mount.type === 'bind') {
      binds.push({
        Type: 'bind',
        Source: mount.source,
        Destination: mount.destination,
        Driver: '',
        ...inspectOptions(mount.options),
      });
    }
  }
  return [...volumes, ...binds, ...mounts.flatMap(inspectImageMount)];
}

function inspectImageMount(mount: MountSpec): InspectDocument[] {
  if (mount.type !== 'image') return [];
  const { image, destination, options, subpath } = mount;
  return [
    {
      Type: 'image',
      Source: image,
      Destination: destination,
      Driver: '',
      ...inspectOptions(options),
      ...(subpath === undefined ? {} : { SubPath: subpath }),
    },
  ];
}

function inspectOptions(options: readonly string[]): InspectDocument {
  return {
    Mode: options.findLast((option) => option === 'z' || option === 'Z') ?? '',
    Options: options.filter((option) => !PROPAGATION.has(option) && !['ro', 'rw', 'z', 'Z'].includes(option)),
    RW: !options.includes('ro'),
    Propagation: options.findLast((option) => PROPAGATION.has(option)) ?? '',
  };
}

/** `source:destination:options` of volumes and binds. */
export function inspectBinds(mounts: readonly MountSpec[]): string[] {
  const volumes: string[] = [];
  const binds: string[] = [];
  for (const mount of mounts) {
    const options = mount.options.length === 0 ? '' : `:${mount.options.join(',')}`;
    if (mount.type === 'volume' || mount.type === 'image-volume')
      volumes.push(`${mount.name}:${mount.destination}${options}`);
    else if (mount.type === 'bind') binds.push(`${mount.source}:${mount.destination}${options}`);
  }
  return [...volumes, ...binds];
}

export function inspectTmpfs(mounts: readonly MountSpec[]): Record<string, string> {
  const tmpfs: Record<string, string> = {};
  for (const mount of mounts)
    if (mount.type === 'tmpfs')
      tmpfs[mount.destination] = [...mount.options, ...(mount.copyUp ? ['tmpcopyup'] : [])].join(',');
  return tmpfs;
}
