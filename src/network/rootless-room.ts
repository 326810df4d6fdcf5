import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { errnoOf, PermissionError } from '../base/errors.ts';
import { killProcess } from '../native/kill-process.ts';
import { syscalls } from '../native/linux.ts';
import { MNT_DETACH } from '../native/syscalls.ts';
import type { NetworkFiles } from './attachment-record.ts';
import type { NetworkContext } from './context.ts';
import { requireHelper } from './helper-program.ts';
import { DNS_FORWARD, isPastaRunning, startPasta, stopPastaAt } from './pasta.ts';

/**
 * The network namespace where all bridges of one user are, with a pasta as its way out. Netavark and aardvark-dns work in there as
 * they do for root on the host. It is made for the first container on a bridge and goes with the last.
 */
export interface RootlessRoom {
  /** Leading words of a command that shall run in it. */
  enter: readonly string[];
  netnsPath: string;
  /** How containers reach the host, where pasta has an address for that. */
  hostAddress: string | undefined;
  /** Pasta's way to the host's resolver, which may be on the host's loopback; it answers for it under this address only. */
  dnsServers: readonly string[];
}

export interface RoomFiles {
  netns: string;
  /** One file per container that needs the room. */
  users: string;
  pidFile: string;
  /** Taken numbers of ways in. */
  slots: string;
}

export function roomFiles(files: NetworkFiles): RoomFiles {
  const room = join(files.records, '..', 'rootless');
  return {
    netns: join(room, 'netns'),
    users: join(room, 'users'),
    pidFile: join(room, 'pasta.pid'),
    slots: join(room, 'slots'),
  };
}

/** Makes the room unless it is there and alive, and enters the container as one who needs it. Under the exclusive lock. */
export async function openRoom(
  context: NetworkContext,
  files: NetworkFiles,
  containerId: string,
): Promise<RootlessRoom> {
  const room = roomFiles(files);
  const isFirst = mkdirSync(room.users, { recursive: true, mode: 0o700 }) !== undefined;
  if (isFirst) await endLostResolvers(files);
  writeFileSync(join(room.users, containerId), '');
  crashPoint('rootless-after-user');
  if (!isNamespace(room.netns) || !isPastaRunning(room.pidFile)) await makeRoom(context, files, room);
  return describeRoom(context, room);
}

/** For work on what is set up there; undefined when the room is gone, and all in it with it. */
export function existingRoom(context: NetworkContext, files: NetworkFiles): RootlessRoom | undefined {
  if (!context.rootless) return undefined;
  const room = roomFiles(files);
  return isNamespace(room.netns) ? describeRoom(context, room) : undefined;
}

async function makeRoom(context: NetworkContext, files: NetworkFiles, room: RoomFiles): Promise<void> {
  await stopPastaAt(room.pidFile, { awaitPorts: false });
  // One whose pasta was killed has containers in it.
  if (!isNamespace(room.netns)) {
    removeNamespace(room.netns);
    // What the resolver and the firewall of an earlier room knew.
    rmSync(files.netavark, { recursive: true, force: true });
    syscalls().createNetns(room.netns);
  }
  crashPoint('rootless-after-netns');
  // Addresses that no host has: all of the host's networks are behind the one default route, which ways in can replace.
  const options = ['-I', 'out', '-a', '169.254.2.2', '-n', '30', '-g', '169.254.2.1'];
  if (hasIpv6Route()) options.push('-a', 'fd54:7350:6f64::2', '-g', 'fd54:7350:6f64::1');
  const status = await startPasta({
    files,
    config: context.config,
    netnsPath: room.netns,
    pidFile: room.pidFile,
    ports: [],
    options,
  });
  writeFileSync(hostAddressFile(room), status.hostAddress ?? '');
  crashPoint('rootless-after-pasta');
}

/** Those of a room whose files were deleted under it: no tear-down finds them, and each keeps its namespace for good. */
async function endLostResolvers(files: NetworkFiles): Promise<void> {
  const folder = join(files.netavark, 'aardvark-dns');
  const isLost = (pid: number): boolean => {
    const [program = '', ...args] = readText(`/proc/${pid}/cmdline`).split('\0');
    return basename(program) === 'aardvark-dns' && args.includes(folder);
  };
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  for (const pid of pids.filter(isLost)) await killProcess(syscalls(), pid, () => isLost(pid), END_WAIT_MS);
}

const END_WAIT_MS = 5_000;

function describeRoom(context: NetworkContext, room: RoomFiles): RootlessRoom {
  const nsenter = requireHelper('nsenter', context.config.helperBinariesDir, { package: 'util-linux' });
  return {
    enter: [nsenter, `--net=${room.netns}`],
    netnsPath: room.netns,
    hostAddress: readText(hostAddressFile(room)) || undefined,
    dnsServers: [DNS_FORWARD],
  };
}

function hostAddressFile(room: RoomFiles): string {
  return `${room.pidFile}.host`;
}

/** Pasta refuses IPv6 addresses where the host has no way for them. */
export function hasIpv6Route(): boolean {
  const isDefault = /^0{32} 00 .* (?!lo$)\S+$/;
  return readText('/proc/net/ipv6_route')
    .split('\n')
    .some((line) => isDefault.test(line));
}

function isNamespace(path: string): boolean {
  return existsSync(path) && syscalls().statfsType(path) === NSFS_MAGIC;
}

const NSFS_MAGIC = 0x6e736673;

function removeNamespace(path: string): void {
  try {
    syscalls().umount(path, MNT_DETACH);
  } catch (error) {
    if (errnoOf(error) === 'EPERM') throw new PermissionError(`cannot unmount ${path}`, { cause: error });
  }
  rmSync(path, { force: true });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Ends the script of a tear-down: the last user's end removes the room. $ROOM is its folder, $CONTAINER the id. Pasta ends when the
 * file of its namespace is gone, unless it hears of that together with something else: older ones read the first of several events. An
 * aardvark-dns that nobody has ended would keep the namespace. A visitor that was killed (`visitRoom`) needs the room no more.
 */
export const LEAVE_ROOM = `rm -f "$ROOM/users/$CONTAINER"
for visitor in "$ROOM"/users/visitor-*; do [ -e "/proc/\${visitor##*-}" ] || rm -f "$visitor"; done
for slot in "$ROOM"/slots/*; do [ "$(readlink "$slot")" = "$CONTAINER" ] && rm -f "$slot"; done
if rmdir "$ROOM/users" 2>/dev/null; then
  read -r pid rest < "$AARDVARK" && case "$(cat "/proc/$pid/comm")" in aardvark*) kill "$pid";; esac
  umount -l "$ROOM/netns"; rm -f "$ROOM/netns"
  read -r pid rest < "$ROOM/pasta.pid" && case "$(cat "/proc/$pid/cmdline")" in *pasta*"$ROOM/netns"*) kill "$pid";; esac
fi 2>/dev/null`;
