import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, InvalidSpecError, messageOf, UnsupportedError } from '../base/errors.ts';
import { MNT_DETACH, MS_BIND, MS_REC, MS_SLAVE } from '../native/syscalls.ts';
import type { ContainerSpec, UserNamespaceSpec } from '../specgen/container-spec.ts';
import { idMapText } from '../storage/id-owners.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

/**
 * Shows the source of a mount with option `idmap` with other owners, at a place of the container's own, which it returns: what belongs
 * to id 0 on disk belongs to id 0 inside. Mounts beneath the source are left out.
 */
export function mountIdmapped(
  libpod: Libpod,
  record: ContainerRecord,
  request: { source: string; option: string; destination: string },
): string {
  const { source, option, destination } = request;
  const maps = mapsOf(record.spec, option, destination);
  const target = makePlace(libpod, record, source);
  try {
    libpod.syscalls.bindIdmapped(source, target, idMapText(maps.uids), idMapText(maps.gids));
  } catch (error) {
    const code = errnoOf(error);
    throw new UnsupportedError(
      `cannot mount ${source} with other owners (mount option idmap): ${messageOf(error)}`,
      {
        cause: error,
        hint:
          code === 'EPERM'
            ? 'the kernel leaves this to root, except for file systems that were mounted in your own user namespace'
            : 'not every file system and kernel can; mount option U changes the owners on disk instead',
      },
    );
  }
  return target;
}

/** Shows `source` (with what is mounted in it) at a place of the container's own, which it returns. */
export function bindToPlace(libpod: Libpod, record: ContainerRecord, source: string): string {
  const target = makePlace(libpod, record, source);
  libpod.syscalls.mount(source, target, '', MS_BIND | MS_REC, '');
  libpod.syscalls.mount('', target, '', MS_SLAVE | MS_REC, '');
  return target;
}

function makePlace(libpod: Libpod, record: ContainerRecord, source: string): string {
  const directory = directoryOf(libpod, record.id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const target = join(directory, String(readdirSync(directory).length));
  if (statSync(source).isDirectory()) mkdirSync(target);
  else writeFileSync(target, '');
  return target;
}

/** The ids that option `idmap` or `idmap=…` of what is mounted at `destination` means. */
export function mapsOf(spec: ContainerSpec, option: string, destination: string): UserNamespaceSpec {
  const maps = option === 'idmap' ? spec.userNamespace : parseIdmap(option);
  if (maps === undefined)
    throw new InvalidSpecError(
      `mount option idmap of ${destination} needs a user namespace of the container`,
      {
        hint: 'add --userns or --uidmap, or give the ids: idmap=uids=0-1000-1;gids=0-1000-1',
      },
    );
  return maps;
}

/** Idempotent; works from the id alone. */
export function unmountIdmapped(libpod: Libpod, id: string): void {
  const directory = directoryOf(libpod, id);
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return;
  }
  for (const name of names) {
    try {
      libpod.syscalls.umount(join(directory, name), MNT_DETACH);
    } catch {
      // Not mounted.
    }
  }
}

function directoryOf(libpod: Libpod, id: string): string {
  return join(containerPaths(libpod.paths, id).bundle.bundle, 'idmapped');
}

/** `idmap=uids=INSIDE-OUTSIDE-COUNT#…;gids=…`: the left id is the one on disk. */
function parseIdmap(option: string): UserNamespaceSpec {
  const maps: UserNamespaceSpec = { uids: [], gids: [] };
  for (const part of option.slice('idmap='.length).split(';')) {
    const match = /^(uids|gids)=(\d+-\d+-\d+(?:#\d+-\d+-\d+)*)$/.exec(part);
    const kind = match?.[1];
    if (match?.[2] === undefined || (kind !== 'uids' && kind !== 'gids'))
      throw new InvalidSpecError(
        `invalid mount option "${option}": must be idmap=uids=0-1000-1;gids=0-1000-1`,
      );
    for (const range of match[2].split('#')) {
      const [containerId = 0, hostId = 0, size = 0] = range.split('-').map(Number);
      maps[kind].push({ containerId, hostId, size });
    }
  }
  if (maps.uids.length === 0 || maps.gids.length === 0)
    throw new InvalidSpecError(`mount option "${option}" must say both uids and gids`);
  return maps;
}
