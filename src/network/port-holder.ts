import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { shortId } from '../base/ids.ts';

/**
 * Who has a host port open, in words: `container web` when it is the monitor or the pasta of one, else `nginx (pid 12)`.
 * Reads all of /proc, so only for error messages; undefined when the holder is not ours to see.
 */
export function findPortHolder(protocol: string, port: number): string | undefined {
  const inodes = new Set([...socketInodes(protocol, port), ...socketInodes(`${protocol}6`, port)]);
  if (inodes.size === 0) return undefined;
  for (const pid of readdirQuietly('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    if (hasSocket(pid, inodes)) return describe(pid);
  }
  return undefined;
}

/** `container NAME` from a monitor's command line, which is conmon's. */
export function containerOf(args: readonly string[]): string | undefined {
  const program = basename(args[0] ?? '');
  if (program.includes('conmon') || program === 'tspod-monitor') {
    return valueAfter(args, '-n', '--name') ?? shortened(valueAfter(args, '-c', '--cid'));
  }
  if (program.startsWith('pasta') || program === 'slirp4netns') {
    return shortened(
      args
        .map((arg) => /\/(?:netns|containers)\/([0-9a-f]{64})(?:\.pid)?$/.exec(arg)?.[1])
        .find((id) => id !== undefined),
    );
  }
  return undefined;
}

function describe(pid: string): string {
  const args = readQuietly(`/proc/${pid}/cmdline`).split('\0');
  const container = containerOf(args);
  if (container !== undefined) return `container ${container}`;
  return `${readQuietly(`/proc/${pid}/comm`).trim() || 'a process'} (pid ${pid})`;
}

function valueAfter(args: readonly string[], ...names: string[]): string | undefined {
  const index = args.findIndex((arg) => names.includes(arg));
  return index < 0 ? undefined : args[index + 1];
}

function shortened(id: string | undefined): string | undefined {
  return id === undefined ? undefined : shortId(id);
}

function socketInodes(table: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readQuietly(`/proc/net/${table}`)
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const inode = fields[9];
      return fields[1]?.endsWith(wanted) && inode !== undefined && inode !== '0' ? [inode] : [];
    });
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  const directory = `/proc/${pid}/fd`;
  return readdirQuietly(directory).some((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${directory}/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false;
    }
  });
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function readdirQuietly(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
