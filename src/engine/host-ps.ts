import { InvalidSpecError } from '../base/errors.ts';
import { runProgram } from '../base/run-program.ts';
import { listContainerProcesses } from '../libpod/container-processes.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { findHelper } from '../network/helper-program.ts';

/**
 * ps(1) of the host with these options, as docker has it: its lines of the container's processes, with the host's process ids. Undefined
 * where the host has none. InvalidSpecError for options that ps refuses, or with which it does not print ids.
 */
export async function psOfHost(
  record: ContainerRecord,
  args: readonly string[],
): Promise<string[][] | undefined> {
  const ps = findHelper('ps', []);
  if (ps === undefined) return undefined;
  const { code, stdout, stderr } = await runProgram(ps, args);
  if (code !== 0) throw refused(code, stderr);
  const [titles = [], ...rows] = columnsOf(stdout);
  const at = titles.indexOf('PID');
  if (at < 0) throw new InvalidSpecError("Couldn't find PID field in ps output");
  const members = new Set(listContainerProcesses(record).map(({ pid }) => String(pid)));
  return [titles, ...rows.filter((row) => members.has(row[at] ?? ''))];
}

/**
 * ps(1) of the host in the container's namespace of processes, with a /proc of its own, as podman has it: the ids are those that the
 * container sees. Undefined where that cannot be done.
 */
export async function psFromHost(
  record: ContainerRecord,
  args: readonly string[],
): Promise<string | undefined> {
  const programs = ['nsenter', 'unshare', 'ps'].map((name) => findHelper(name, []));
  if (!programs.every((path) => path !== undefined)) return undefined;
  const [nsenter = '', unshare = '', ps = ''] = programs;
  const inside = [`--target=${record.pid}`, '--pid', '--', unshare, '--mount', '--mount-proc', '--'];
  const probe = await runProgram(nsenter, [...inside, ps, '--version']);
  if (probe.code !== 0) return undefined;
  const { code, stdout, stderr } = await runProgram(nsenter, [...inside, ps, ...args]);
  if (code !== 0) throw refused(code, stderr);
  return stdout;
}

function refused(code: number | null, stderr: string): InvalidSpecError {
  return new InvalidSpecError(`ps failed with exit code ${code ?? 'unknown'}: ${stderr.trim()}`);
}

/** What ps(1) prints: the last column may have blanks in it. */
export function columnsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const width = (lines[0] ?? '').trim().split(/\s+/).length;
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, width - 1), words.slice(width - 1).join(' ')];
  });
}
