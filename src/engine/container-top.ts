import { closeSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandNotFoundError, InvalidSpecError, UnsupportedError, WrongStateError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { attach, type Attachment } from '../conmon/attach-client.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { listContainerProcesses } from '../libpod/container-processes.ts';
import { startExec } from '../libpod/exec-session.ts';
import { observe } from '../libpod/observe.ts';
import {
  type ColumnContext,
  DEFAULT_COLUMNS,
  findColumn,
  PROCESS_COLUMNS,
  type ProcessColumn,
} from '../libpod/process-columns.ts';
import { readIdNames } from '../oci/user.ts';
import { capabilitiesOfMask } from '../specgen/capabilities.ts';
import { type IdMaps, parseIdMap, readIdMaps } from '../rootless/id-maps.ts';
import type { Engine } from './engine.ts';

/** Rows of cells, the headers first, or what ps(1) printed. */
export type TopReport = { rows: string[][] } | { text: string };

/** podman's names of what `topContainer` can show. */
export function descriptors(): string[] {
  return PROCESS_COLUMNS.map(({ names: [name = ''] }) => name);
}

/**
 * The processes of a running container. `words` are descriptors, separated by commas or not; anything else makes them the options
 * of a ps(1): docker's shows the host's process ids, podman's those of the container.
 */
export async function topContainer(
  engine: Engine,
  record: ContainerRecord,
  words: readonly string[],
): Promise<TopReport> {
  const now = observe(engine, record);
  if (now.state !== 'running') throw new WrongStateError('top can only be used on running containers');
  const names = words.flatMap((word) => word.split(',')).filter((name) => name !== '');
  const columns = (names.length === 0 ? DEFAULT_COLUMNS : names).map((name) => findColumn(name.trim()));
  if (columns.every((column) => column !== undefined)) return { rows: processRows(engine, now, columns) };
  const args = words.length === 1 ? (words[0] ?? '').split(/\s+/).filter(Boolean) : words;
  const { psFromHost, psOfHost } = await import('./host-ps.ts');
  if (engine.options.asDocker === true) {
    const rows = await psOfHost(now, args);
    if (rows !== undefined) return { rows };
  }
  const text = mayTrace(now) ? undefined : await psFromHost(now, args);
  return { text: withoutItself(text ?? (await runPs(engine, now, args)), args) };
}

/** Then its processes could get hold of a ps of the host. */
function mayTrace({ pid }: ContainerRecord): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return capabilitiesOfMask(/^CapBnd:(.*)$/m.exec(status)?.[1] ?? '0').includes('CAP_SYS_PTRACE');
}

/** The ps itself is of no interest where its own line can be told. */
function withoutItself(text: string, args: readonly string[]): string {
  const own = `ps ${args.join(' ')}`;
  return text
    .split('\n')
    .filter((line) => args.length === 0 || !line.endsWith(own))
    .join('\n');
}

function processRows(engine: Engine, record: ContainerRecord, columns: readonly ProcessColumn[]): string[][] {
  const context = columnContext(engine, record);
  const processes = listContainerProcesses(record);
  return [
    columns.map((column) => column.header),
    ...processes.map((process) => columns.map((column) => column.value(process, context))),
  ];
}

function columnContext(engine: Engine, record: ContainerRecord): ColumnContext {
  const proc = `/proc/${record.pid}`;
  const { syscalls } = engine;
  const now = Date.now();
  // The boot time that the kernel tells has whole seconds only.
  const upSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return {
    now,
    bootTime: now - upSeconds * 1000,
    containerIds: containerIdMaps(proc),
    ownIds: readIdMaps(),
    inner: readIdNames({ rootfs: `${proc}/root`, syscalls }),
    host: readIdNames({ rootfs: '/', syscalls }),
  };
}

/** A map is told in ids of our namespace, but for our own namespace in those of its parent. */
function containerIdMaps(proc: string): IdMaps {
  if (readlinkSync(`${proc}/ns/user`) === readlinkSync('/proc/self/ns/user'))
    return { uids: SAME, gids: SAME };
  return {
    uids: parseIdMap(readFileSync(`${proc}/uid_map`, 'utf8')),
    gids: parseIdMap(readFileSync(`${proc}/gid_map`, 'utf8')),
  };
}

const SAME = [{ containerId: 0, hostId: 0, size: 2 ** 32 - 1 }];

async function runPs(engine: Engine, record: ContainerRecord, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await captureExec(engine, record, ['ps', ...args]);
  if (code === 0) return stdout;
  throw new InvalidSpecError(
    `ps(1) in container ${record.name} failed with exit code ${code ?? 'unknown'}: ${stderr.trim()}`,
  );
}

interface Captured {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

async function captureExec(engine: Engine, record: ContainerRecord, command: string[]): Promise<Captured> {
  const stdout = temporaryFile(engine);
  const stderr = temporaryFile(engine);
  try {
    let attachment: Attachment | undefined;
    const request = { command, env: [], user: undefined, workdir: undefined, consoleSize: undefined };
    const session = await startExec(
      engine,
      record.id,
      { ...request, terminal: false, stdin: false, privileged: false, detached: false },
      {
        attach: (socket) => {
          attachment = attach({
            syscalls: engine.syscalls,
            socket,
            streams: { stdin: undefined, stdoutFd: stdout, stderrFd: stderr },
            detachKeys: Buffer.alloc(0),
            rawTerminal: false,
          });
        },
      },
    );
    await attachment?.done;
    return { code: (await session.finished())?.exitCode, stdout: readBack(stdout), stderr: readBack(stderr) };
  } catch (error) {
    if (!(error instanceof CommandNotFoundError)) throw error;
    throw new UnsupportedError(`cannot run ps(1) in container ${record.name}: it has none`, {
      cause: error,
      hint: 'descriptors need no ps: tspod top CONTAINER pid user args',
    });
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

/** Without a name already: nothing is left behind, whatever happens. */
function temporaryFile(engine: Engine): number {
  const path = join(engine.paths.runRoot, `top-${newId()}`);
  const fd = openSync(path, 'wx+', 0o600);
  rmSync(path);
  return fd;
}

function readBack(fd: number): string {
  return readFileSync(`/proc/self/fd/${fd}`, 'utf8');
}
