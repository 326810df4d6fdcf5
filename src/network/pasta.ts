import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { constants, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf, InvalidSpecError, PermissionError, TspodError, UnsupportedError } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import type { PortMapping } from '../specgen/container-spec.ts';
import type { NetworkFiles } from './attachment-record.ts';
import type { NetworkStatus } from './backend.ts';
import { collectOutput } from '../base/run-program.ts';
import type { NetworkConfig } from './context.ts';
import { helperEnvironment, requireHelper } from './helper-program.ts';
import { defaultInterface } from './host-interfaces.ts';

/** What to do where there is none. */
const PASTA_PACKAGE = { package: 'passt', without: '`--network host` and `--network none` do without' };

export interface PastaRequest {
  files: NetworkFiles;
  config: NetworkConfig;
  netnsPath: string;
  pidFile: string;
  ports: readonly PortMapping[];
  /** From `--network pasta:…`; they win over those of containers.conf. */
  options: readonly string[];
}

/** Link-local addresses that no host is likely to use: podman's choice, too. */
export const DNS_FORWARD = '169.254.1.1';
const MAP_GUEST = '169.254.1.2';

/**
 * Connects a namespace with pasta, which goes to the background once that is done and ends when the file of the namespace is
 * removed. Older pasta lacks --map-guest-addr: tried once per binary, then remembered.
 */
export async function startPasta(request: PastaRequest): Promise<NetworkStatus> {
  const program = requireHelper('pasta', request.config.helperBinariesDir, PASTA_PACKAGE);
  const known = readFeatures(request.files, program);
  let mapGuest = known ?? true;
  let result = await runPasta(program, request, mapGuest);
  if (result !== undefined && mapGuest && /unrecognized option '--map-guest-addr/.test(result)) {
    mapGuest = false;
    result = await runPasta(program, request, false);
  }
  if (result !== undefined) throw explain(result, request);
  if (known !== mapGuest) writeFeatures(request.files, program, mapGuest);
  return statusOf(request.options, mapGuest);
}

/** Undefined when all went well, else what it said. */
async function runPasta(
  program: string,
  request: PastaRequest,
  mapGuest: boolean,
): Promise<string | undefined> {
  const child = spawn(program, pastaArguments(request, mapGuest), {
    detached: true,
    env: helperEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: START_TIMEOUT_MS,
  });
  const { code, stderr } = await collectOutput(child);
  if (code === 0) return undefined;
  // Without a system logger it complains about that line by line; to a wrong option it adds all that it takes.
  const words = stderr
    .replace(/^Usage: [\s\S]*/m, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/to syslog$/.test(line));
  return words.join('\n') || (code === null ? 'it did not finish in time' : `exit code ${code}`);
}

const START_TIMEOUT_MS = 20_000;

/** Beside the record of the container. */
export function pastaPidFile(files: NetworkFiles, containerId: string): string {
  return join(files.records, `${containerId}.pid`);
}

/** The one that serves a container's network, if any does. */
export function pastaPid(files: NetworkFiles, containerId: string): number | undefined {
  return pidIn(pastaPidFile(files, containerId));
}

export function isPastaRunning(pidFile: string): boolean {
  return pidIn(pidFile) !== undefined;
}

function pidIn(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'latin1').trim());
    return isPastaOf(pid, pidFile) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Pasta ends by itself some time after the namespace's file is gone; told as well and waited for, it has given the host's ports
 * back when this returns (`awaitPorts`).
 */
export async function stopPasta(
  files: NetworkFiles,
  containerId: string,
  options: { awaitPorts: boolean },
): Promise<void> {
  await stopPastaAt(pastaPidFile(files, containerId), options);
}

export async function stopPastaAt(pidFile: string, options: { awaitPorts: boolean }): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'latin1').trim());
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  await endProcess(pid, pidFile, options.awaitPorts);
  unlinkSync(pidFile);
}

async function endProcess(pid: number, pidFile: string, wait: boolean): Promise<void> {
  const system = syscalls();
  let pidfd: number | undefined;
  try {
    if (!isPastaOf(pid, pidFile)) return;
    pidfd = system.pidfdOpen(pid);
    // Between the look and the open another process may have got the number.
    if (!isPastaOf(pid, pidFile)) return;
    system.pidfdSendSignal(pidfd, SIGTERM);
    if (!wait || (await system.pidfdWait(pidfd, STOP_TIMEOUT_MS))) return;
    system.pidfdSendSignal(pidfd, SIGKILL);
    await system.pidfdWait(pidfd, STOP_TIMEOUT_MS);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  } finally {
    if (pidfd !== undefined) closeSync(pidfd);
  }
}

const { SIGTERM, SIGKILL } = constants.signals;
const STOP_TIMEOUT_MS = 3_000;

/** The pid may be another process's by now: ours names its pid file in its arguments. */
function isPastaOf(pid: number, pidFile: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(pidFile);
  } catch {
    return false;
  }
}

export function pastaArguments(request: Omit<PastaRequest, 'files'>, mapGuest: boolean): string[] {
  const given = [...request.config.pastaOptions, ...request.options];
  // `--map-gw` is podman's word for leaving out --no-map-gw.
  const args = ['--config-net', ...given.filter((option) => option !== '--map-gw')];
  const has = (...names: string[]): boolean =>
    args.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
  for (const port of request.ports) args.push(protocolFlag(port), portArgument(port));
  if (!has('--dns-forward')) args.push('--dns-forward', DNS_FORWARD);
  if (!has('-t', '--tcp-ports')) args.push('-t', 'none');
  if (!has('-u', '--udp-ports')) args.push('-u', 'none');
  if (!has('-T', '--tcp-ns')) args.push('-T', 'none');
  if (!has('-U', '--udp-ns')) args.push('-U', 'none');
  if (!given.includes('--map-gw') && !has('--no-map-gw')) args.push('--no-map-gw');
  if (!has('-d', '--debug', '--trace')) args.push('--quiet');
  if (!has('-P', '--pid')) args.push('--pid', request.pidFile);
  args.push('--netns', request.netnsPath);
  if (mapGuest && !has('--map-guest-addr')) args.push('--map-guest-addr', MAP_GUEST);
  return args;
}

function protocolFlag(port: PortMapping): string {
  if (port.protocol === 'sctp')
    throw new InvalidSpecError(`cannot publish port ${port.hostPort}/sctp: pasta forwards tcp and udp`);
  return port.protocol === 'tcp' ? '-t' : '-u';
}

function portArgument(port: PortMapping): string {
  const host = port.hostIp === '' ? '' : `${port.hostIp}/`;
  const last = port.range - 1;
  return `${host}${port.hostPort}-${port.hostPort + last}:${port.containerPort}-${port.containerPort + last}`;
}

function statusOf(options: readonly string[], mapGuest: boolean): NetworkStatus {
  const hostAddress = optionValue(options, '--map-guest-addr') ?? (mapGuest ? MAP_GUEST : undefined);
  const addresses = copiedAddresses(options);
  return {
    networks: {
      pasta: {
        interfaces: addresses === undefined ? [] : [{ ...addresses, mac: '' }],
        dnsServers: [optionValue(options, '--dns-forward') ?? DNS_FORWARD],
        dnsSearch: [],
      },
    },
    ...(hostAddress === undefined ? {} : { hostAddress }),
  };
}

/** Pasta gives the container the addresses of the host's interface with the default route, unless told another. */
function copiedAddresses(
  options: readonly string[],
): { name: string; addresses: { ipnet: string }[] } | undefined {
  const host = optionValue(options, '-i', '--interface') ?? defaultInterface();
  const name = optionValue(options, '-I', '--ns-ifname') ?? host;
  if (host === undefined || name === undefined) return undefined;
  const given = optionValue(options, '-a', '--address');
  if (given !== undefined) return { name, addresses: [{ ipnet: given }] };
  const own = (networkInterfaces()[host] ?? []).filter((entry) => !entry.address.startsWith('fe80:'));
  return { name, addresses: own.flatMap((entry) => (entry.cidr === null ? [] : { ipnet: entry.cidr })) };
}

function optionValue(options: readonly string[], ...names: string[]): string | undefined {
  for (const [index, option] of options.entries()) {
    if (names.includes(option)) return options[index + 1];
    const name = names.find((candidate) => option.startsWith(`${candidate}=`));
    if (name !== undefined) return option.slice(name.length + 1);
  }
  return undefined;
}

function explain(words: string, request: PastaRequest): Error {
  if (/\btun\b|TUNSETIFF/i.test(words)) {
    return new PermissionError(`set up network pasta: ${words}`, {
      hint: 'this user may not open /dev/net/tun: an administrator can allow it with `modprobe tun; chmod 0666 /dev/net/tun`; `--network host` and `--network none` do without',
    });
  }
  if (/no external (?:routable )?interface|external interface not usable/i.test(words)) {
    return new UnsupportedError(`set up network pasta: ${words}`, {
      hint: 'this host has no default route for pasta to copy: use `--network none` or `--network host`, or name an interface with `--network pasta:-i,NAME`',
    });
  }
  if (/: unrecognized option|: invalid option|: option '/.test(words)) {
    return new InvalidSpecError(`set up network pasta: ${words.replace(/^\S+: /, '')}`, {
      hint: 'its options are given as `--network pasta:--mtu,1400`, or by pasta_options in containers.conf; `pasta --help` lists them',
    });
  }
  const ports = request.ports.map((port) => `${port.hostPort}/${port.protocol}`).join(', ');
  return new TspodError(`set up network pasta${ports === '' ? '' : ` with ports ${ports}`}: ${words}`);
}

function featuresFile(files: NetworkFiles): string {
  return join(files.netavark, '..', 'pasta-features.json');
}

function readFeatures(files: NetworkFiles, program: string): boolean | undefined {
  try {
    const stored = JSON.parse(readFileSync(featuresFile(files), 'utf8')) as Record<string, unknown>;
    return stored['program'] === identityOf(program) ? stored['mapGuest'] === true : undefined;
  } catch {
    return undefined;
  }
}

function writeFeatures(files: NetworkFiles, program: string, mapGuest: boolean): void {
  const file = featuresFile(files);
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, JSON.stringify({ program: identityOf(program), mapGuest }), { durable: false });
}

function identityOf(program: string): string {
  const { size, mtimeMs, ino } = statSync(program);
  return `${program} ${size} ${mtimeMs} ${ino}`;
}
