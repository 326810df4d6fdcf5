import { readFileSync } from 'node:fs';
import { syscalls } from '../native/linux.ts';

/** The directory of a process's cgroup, by controller; '' is the unified hierarchy. */
export interface CgroupPlaces {
  get(controller: string): string | undefined;
}

interface Hierarchy {
  controllers: readonly string[];
  mountPoint: string;
  /** What of the hierarchy is mounted there. */
  root: string;
}

let hierarchies: ReadonlyMap<string, Hierarchy> | undefined;

/**
 * The same of a container whose cgroup, `path`, was made at its start: the kernel takes longer over the list of a process's cgroups than
 * over any file in one. Undefined where it is not to be seen as it was named, as in a container that tspod runs in; that it
 * is there is for the caller to see.
 */
export function placesAt(path: string | undefined, id: string): CgroupPlaces | undefined {
  if (path === undefined || !path.startsWith('/') || !isOwnCgroup(path, id)) return undefined;
  const all = allHierarchies();
  showsAll ??= [...all.values()].every(({ root }) => root === '/');
  if (!showsAll) return undefined;
  return {
    get(controller) {
      const mountPoint = all.get(controller)?.mountPoint;
      return mountPoint === undefined ? undefined : mountPoint + path;
    },
  };
}

/** Whether no hierarchy is mounted from below its root. */
let showsAll: boolean | undefined;

function allHierarchies(): ReadonlyMap<string, Hierarchy> {
  hierarchies ??= byController(mountedHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')));
  return hierarchies;
}

/** Where a container's own cgroup is; those that it made below it for itself are not meant. Throws when the process has ended. */
export function cgroupPlaces(pid: number, id: string): CgroupPlaces {
  const text = syscalls().readText(`/proc/${pid}/cgroup`);
  if (text === undefined) throw new Error(`process ${pid} has ended`);
  const places = new Map<string, string>();
  let [given, path] = ['', ''];
  for (const line of text.split('\n')) {
    const [, controllers = '', ...rest] = line.split(':');
    const whole = rest.join(':');
    // Mostly the same in all hierarchies.
    if (whole !== given) [given, path] = [whole, ownPart(whole, id)];
    if (whole === '') continue;
    for (const controller of controllers.split(',')) {
      const hierarchy = allHierarchies().get(controller);
      const below = hierarchy && beneath(path, hierarchy.root);
      if (hierarchy !== undefined && below !== undefined)
        places.set(controller, `${hierarchy.mountPoint}${below}`);
    }
  }
  return places;
}

/** The first that is mounted counts. */
function byController(mounted: readonly Hierarchy[]): Map<string, Hierarchy> {
  const found = new Map<string, Hierarchy>();
  for (const hierarchy of mounted)
    for (const controller of hierarchy.controllers)
      if (!found.has(controller)) found.set(controller, hierarchy);
  return found;
}

/** Whether the cgroup was made for this container: what it counts is the container's alone. */
export function isOwnCgroup(path: string, id: string): boolean {
  return path.includes(`libpod-${id}`);
}

function ownPart(path: string, id: string): string {
  return upToLast(path, [`libpod-${id}`, `libpod-${id}.scope`]) ?? path;
}

/** The path up to the last directory in it that has one of the names. */
export function upToLast(path: string, names: readonly string[]): string | undefined {
  const parts = path.split('/');
  const at = parts.findLastIndex((part) => names.includes(part));
  return at > 0 ? parts.slice(0, at + 1).join('/') : undefined;
}

function beneath(path: string, root: string): string | undefined {
  if (root === '/') return path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

export function mountedHierarchies(mountinfo: string): Hierarchy[] {
  // A host with many containers has hundreds of other mounts.
  const lines = mountinfo.split('\n').filter((line) => line.includes(' - cgroup'));
  return lines.flatMap((line): Hierarchy[] => {
    const [mount = '', source = ''] = line.split(' - ');
    const [, , , root = '/', mountPoint = ''] = mount.split(' ');
    const [type, , options = ''] = source.split(' ');
    if (type === 'cgroup2') return [{ controllers: [''], mountPoint, root }];
    return type === 'cgroup' ? [{ controllers: options.split(','), mountPoint, root }] : [];
  });
}
