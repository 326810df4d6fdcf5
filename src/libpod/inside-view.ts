import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { RESOLVE_IN_ROOT, type Syscalls, O_PATH } from '../native/syscalls.ts';
import type { OciMount } from '../oci/runtime-spec.ts';

/** The files of a container where its programs find them, whatever links its image has. */
export interface InsideView {
  /** A descriptor for stat and for opening `/proc/self/fd/N`; throws as open(2) does. */
  locate(path: string): number;
  /** The options of the mount that a descriptor is on. */
  mountOptions(fd: number): readonly string[];
}

type OpenCall = Pick<Syscalls, 'openat2'>;

/** Through the root of a process that runs in it. */
export function viewOfProcess(syscalls: OpenCall, pid: number): InsideView {
  return {
    locate: (path) => locateIn(syscalls, `/proc/${pid}/root`, path),
    mountOptions: (fd) => mountOptions(pid, fd),
  };
}

/** One that has no process: its root file system, and beneath the destinations of its mounts what is bound there. */
export function viewOfRootfs(syscalls: OpenCall, rootfs: string, mounts: readonly OciMount[]): InsideView {
  const optionsOf = new Map<number, readonly string[]>();
  return {
    locate(path) {
      const mount = mounts.findLast(({ destination }) => isBeneath(path, destination));
      if (mount === undefined) return locateIn(syscalls, rootfs, path);
      const isBind = mount.options.some((option) => option === 'bind' || option === 'rbind');
      if (!isBind && mount.type !== 'bind')
        throw Object.assign(new Error(`${path} is on a ${mount.type}`), { code: 'ENOENT' });
      const rest = path.slice(mount.destination.replace(/\/+$/, '').length);
      const fd = statSync(mount.source).isDirectory()
        ? locateIn(syscalls, mount.source, rest === '' ? '/' : rest)
        : openSync(mount.source, O_PATH);
      optionsOf.set(fd, mount.options);
      return fd;
    },
    mountOptions: (fd) => [...(optionsOf.get(fd) ?? []), ...mountOptions('self', fd)],
  };
}

export function isBeneath(path: string, directory: string): boolean {
  const prefix = directory.replace(/\/+$/, '');
  return prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`));
}

function locateIn(syscalls: OpenCall, directory: string, path: string): number {
  const root = openSync(directory, O_PATH | constants.O_DIRECTORY);
  try {
    return syscalls.openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT);
  } finally {
    closeSync(root);
  }
}

function mountOptions(process: number | 'self', fd: number): string[] {
  const mount = /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  const lines = readFileSync(`/proc/${process}/mountinfo`, 'utf8').split('\n');
  return (
    lines
      .map((line) => line.split(' '))
      .find(([id]) => id === mount)?.[5]
      ?.split(',') ?? []
  );
}
