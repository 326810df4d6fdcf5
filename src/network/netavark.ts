import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf, LockTimeoutError, TspodError } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import { type AttachmentRecord, type NetworkFiles, recordPath } from './attachment-record.ts';
import type { NetworkStatus } from './backend.ts';
import { type ChildOutput, collectOutput } from '../base/run-program.ts';
import type { NetworkConfig } from './context.ts';
import { findHelper, helperEnvironment, requireHelper } from './helper-program.ts';
import { forgetAnswers } from './rootless-ports.ts';
import { LEAVE_ROOM, type RootlessRoom, roomFiles } from './rootless-room.ts';
import { netavarkComplaint, networkNameOf, parseNetavarkAnswer } from './netavark-input.ts';

/** How long others may hold the firewall before we give up; one of them takes a quarter of a second. */
const LOCK_TIMEOUT_MS = 300_000;

/**
 * Netavark checks and then changes the firewall, and removes a bridge that has lost its last port: two of them at once would trip
 * over each other. Set-ups that find everything in place already (`shared`) do not.
 * The returned descriptor goes to the child: should this process be killed, the child finishes under the lock.
 */
export async function lockNetavark(files: NetworkFiles, mode: 'shared' | 'exclusive'): Promise<number> {
  const fd = openLock(files.lock);
  try {
    if (syscalls().tryLock(fd, mode) || (await syscalls().lock(fd, mode, LOCK_TIMEOUT_MS))) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  throw new LockTimeoutError('the host firewall is being changed by another tspod for five minutes');
}

export interface NetavarkRun {
  files: NetworkFiles;
  config: NetworkConfig;
  /** What is to be done; it is on disk, unless it is but a part of the container's record. */
  record: AttachmentRecord;
  lockFd: number;
  /** Where the bridges of an unprivileged user are; undefined: the host, or the room is gone already. */
  room: RootlessRoom | undefined;
}

/** Sets up what the record says, which must be on disk. Throws TspodError with netavark's reason; call teardown then. */
export async function runNetavarkSetup(run: NetavarkRun): Promise<NetworkStatus> {
  return readAnswer(run, await collectOutput(start(run, SETUP_SCRIPT, false)));
}

/** Joins a running container to the networks of `run.record`, which are further ones: its own record names them already. */
export async function runNetavarkConnect(run: NetavarkRun): Promise<NetworkStatus> {
  return withPartialInput(run, async (file) => {
    const output = await collectOutput(start(run, SETUP_SCRIPT, false, file));
    return readAnswer(run, output);
  });
}

/** Takes the networks of `run.record` from a container that keeps others. Resolves with netavark's complaint if it had one. */
export async function runNetavarkDisconnect(run: NetavarkRun): Promise<string | undefined> {
  return withPartialInput(run, async (file) => {
    const { code, stdout, stderr } = await collectOutput(start(run, DISCONNECT_SCRIPT, false, file));
    return code === 0 ? undefined : netavarkComplaint(stdout, stderr);
  });
}

async function withPartialInput<T>(run: NetavarkRun, work: (file: string) => Promise<T>): Promise<T> {
  const file = `${recordPath(run.files, run.record.container_id)}.part`;
  writeFileAtomic(file, JSON.stringify(run.record), { durable: false });
  try {
    return await work(file);
  } finally {
    rmSync(file, { force: true });
  }
}

function readAnswer(run: NetavarkRun, { code, stdout, stderr }: ChildOutput): NetworkStatus {
  if (code === 0) return parseNetavarkAnswer(stdout, run.record.network_info ?? {});
  const names = Object.values(run.record.network_info ?? {})
    .map(networkNameOf)
    .join(', ');
  const complaint = netavarkComplaint(stdout, stderr);
  // It does not say which program it has not found.
  const lacksFirewall =
    /No such file or directory \(os error 2\)/.test(complaint) && findHelper('iptables', []) === undefined;
  throw new TspodError(`set up network ${names}: netavark: ${complaint}`, {
    cause: stderr,
    ...(lacksFirewall ? { hint: 'install the package iptables: netavark sets the firewall by it' } : {}),
  });
}

/**
 * Undoes what the record says, then removes the namespace and the record, in one process that outlives this one.
 * Resolves when all is done, with netavark's complaint if it had one.
 */
export async function runNetavarkTeardown(run: NetavarkRun): Promise<string | undefined> {
  const { code, stdout, stderr } = await collectOutput(start(run, teardownScript(run), false));
  return code === 0 ? undefined : netavarkComplaint(stdout, stderr);
}

/** The same, without waiting for it. */
export function startNetavarkTeardown(run: NetavarkRun): void {
  start(run, teardownScript(run), true).unref();
}

/**
 * Descriptor 3 is the lock. The shell keeps it, netavark must not have it: aardvark-dns would inherit it and live on. `exit` keeps
 * the shell from replacing itself by its last command.
 */
const SETUP_SCRIPT = '"$@" setup "$NETNS" 3>&-; exit $?';
const DISCONNECT_SCRIPT = '"$@" teardown "$NETNS" 3>&-; exit $?';
const TEARDOWN_SCRIPT =
  '"$@" teardown "$NETNS" 3>&-; code=$?; umount -l "$NETNS" 2>/dev/null; rm -f "$NETNS" "$RECORD" "$RECORD.part"';

function teardownScript({ files, record, room }: NetavarkRun): string {
  if (!existsSync(dirname(roomFiles(files).netns))) return `${TEARDOWN_SCRIPT}; exit $code`;
  const { slot } = record.tspod;
  const forget =
    room === undefined || slot === undefined ? ':' : `"$NSENTER" "$ROOM_NET" sh -c '${forgetAnswers(slot)}'`;
  // The record goes last: whoever finds it, undoes the rest.
  const teardown = room === undefined ? WITHOUT_ROOM : TEARDOWN_SCRIPT;
  return `${forget}\n${teardown}\n${LEAVE_ROOM}\nexit $code`;
}

const WITHOUT_ROOM = 'code=0; umount -l "$NETNS" 2>/dev/null; rm -f "$NETNS" "$RECORD" "$RECORD.part"';

const BUILT_IN_DRIVERS = new Set(['bridge', 'macvlan', 'ipvlan']);

function start(
  run: NetavarkRun,
  script: string,
  background: boolean,
  file = recordPath(run.files, run.record.container_id),
): ReturnType<typeof spawn> {
  const { files, config, record } = run;
  const { helperBinariesDir, firewallDriver, dnsBindPort, netavarkPluginDirs } = config;
  const program = requireHelper('netavark', helperBinariesDir);
  const aardvark = findHelper('aardvark-dns', helperBinariesDir);
  mkdirSync(files.netavark, { recursive: true, mode: 0o700 });
  const words = [...(run.room?.enter ?? []), program, '--config', files.netavark, '--file', file];
  if (run.room !== undefined) words.push('--rootless', 'true');
  if (aardvark !== undefined) words.push('--aardvark-binary', aardvark);
  // Netavark 1.4 does not know the option; nobody there has a network that needs it.
  if (Object.values(record.network_info ?? {}).some(({ driver }) => !BUILT_IN_DRIVERS.has(driver)))
    words.push(...netavarkPluginDirs.flatMap((directory) => ['--plugin', directory]));
  const [nsenter = '', roomNet = ''] = run.room?.enter ?? [];
  const env = helperEnvironment({
    NSENTER: nsenter,
    ROOM_NET: roomNet,
    NETNS: record.tspod.netnsPath,
    RECORD: file,
    ROOM: dirname(roomFiles(files).netns),
    CONTAINER: record.container_id,
    AARDVARK: join(files.netavark, 'aardvark-dns/aardvark.pid'),
  });
  if (firewallDriver) env['NETAVARK_FW'] = firewallDriver;
  if (dnsBindPort > 0) env['NETAVARK_DNS_PORT'] = String(dnsBindPort);
  // A session of its own: Ctrl-C at the terminal must not stop it half way.
  return spawn('/bin/sh', ['-c', script, 'sh', ...words], {
    detached: true,
    env,
    stdio: background ? ['ignore', 'ignore', 'ignore', run.lockFd] : ['ignore', 'pipe', 'pipe', run.lockFd],
  });
}

function openLock(path: string): number {
  try {
    return openSync(path, 'a+', 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'a+', 0o600);
  }
}
