import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../base/run-program.ts';
import { errnoOf, InUseError, InvalidSpecError } from '../base/errors.ts';
import type { PortMapping } from '../specgen/container-spec.ts';
import {
  type AttachmentRecord,
  type NetworkFiles,
  readRecord,
  recordedContainers,
} from './attachment-record.ts';
import type { NetworkContext } from './context.ts';
import { helperEnvironment, requireHelper } from './helper-program.ts';
import type { NetavarkPort } from './netavark-input.ts';
import { pastaPidFile, startPasta } from './pasta.ts';
import { hasIpv6Route, type RootlessRoom, roomFiles } from './rootless-room.ts';

/**
 * How the world comes to a port of a rootless container on a bridge: a pasta of the container's own listens on the host and puts what
 * arrives into the room by a tap of its own, from the client's address; the firewall there leads it on. Answers must leave by the same
 * tap, so what the container sends from a published port has a routing table of its own.
 */
export interface WaysIn {
  files: NetworkFiles;
  room: RootlessRoom;
  record: AttachmentRecord & { port_mappings: NetavarkPort[] };
}

/** Ports of the room instead of the host's: two containers may have the same port on different addresses of the host. */
export function insidePorts(
  files: NetworkFiles,
  containerId: string,
  ports: readonly PortMapping[],
): NetavarkPort[] {
  const others = recordedContainers(files).filter((id) => id !== containerId);
  const taken = others.flatMap((id) => {
    const record = readRecord(files, id);
    return record?.tspod.backend === 'bridge' ? (record.port_mappings ?? []) : [];
  });
  return ports.map((port) => {
    const mapping = {
      host_ip: '',
      container_port: port.containerPort,
      protocol: port.protocol,
      range: port.range,
    };
    const inside = { ...mapping, host_port: freePort(port, taken) };
    taken.push(inside);
    return inside;
  });
}

function freePort({ hostPort, protocol, range }: PortMapping, taken: readonly NetavarkPort[]): number {
  const isFree = (first: number): boolean =>
    !taken.some(
      (other) =>
        other.protocol === protocol &&
        first < other.host_port + other.range &&
        other.host_port < first + range,
    );
  if (isFree(hostPort)) return hostPort;
  for (let first = 20_000; first + range <= 60_000; first += range) if (isFree(first)) return first;
  throw new InUseError(`no ${range} successive ${protocol} ports are left among all published ports`);
}

/** Takes a number for the container, under the exclusive lock; what was there of it goes with the container's tear-down. */
export function takeSlot(files: NetworkFiles, containerId: string): number {
  const { slots } = roomFiles(files);
  mkdirSync(slots, { recursive: true, mode: 0o700 });
  for (let slot = 1; slot <= LAST_SLOT; slot++) {
    try {
      symlinkSync(containerId, join(slots, String(slot)));
      return slot;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  throw new InUseError(`${LAST_SLOT} containers with published ports are the limit of one user`);
}

/** 169.254.16.0 to 169.254.79.255 in fours. */
const LAST_SLOT = 4_000;

export async function startWaysIn(
  context: NetworkContext,
  { files, room, record }: WaysIn,
  ports: readonly PortMapping[],
): Promise<void> {
  const { slot = 0 } = record.tspod;
  const sctp = ports.find(({ protocol }) => protocol === 'sctp');
  if (sctp !== undefined)
    throw new InvalidSpecError(`cannot publish port ${sctp.hostPort}/sctp: pasta forwards tcp and udp`);
  const { tap, own, gateway, own6, gateway6 } = namesOf(slot);
  const options = ['-I', tap, '-a', own, '-n', '30', '-g', gateway];
  if (hasIpv6Route()) options.push('-a', own6, '-g', gateway6);
  await startPasta({
    files,
    config: { ...context.config, pastaOptions: [] },
    netnsPath: room.netnsPath,
    pidFile: pastaPidFile(files, record.container_id),
    ports: ports.map((port, index) => ({
      ...port,
      containerPort: record.port_mappings[index]?.host_port ?? port.hostPort,
    })),
    options,
  });
  await routeAnswers(room, record);
}

/** Again whenever the container has other addresses than before. */
export async function routeAnswers(room: RootlessRoom, record: AttachmentRecord): Promise<void> {
  const { slot } = record.tspod;
  if (slot === undefined) return;
  const { tap, gateway, gateway6, table } = namesOf(slot);
  const ip = requireHelper('ip', [], { package: 'iproute2' });
  const addresses = Object.values(record.networks ?? {}).flatMap(({ static_ips }) => static_ips);
  for (const family of ['-4', '-6'] as const) {
    const isOwn = (address: string): boolean => address.includes(':') === (family === '-6');
    const rules = (record.port_mappings ?? []).flatMap(({ container_port: first, range, protocol }) =>
      addresses
        .filter(isOwn)
        .map(
          (address) =>
            `rule add pref ${table} from ${address} ipproto ${protocol} sport ${first}-${first + range - 1} lookup ${table}`,
        ),
    );
    const commands = [
      // Neighbours are reached by their bridges, also from a published port.
      `rule del pref ${NEIGHBOURS}`,
      `rule add pref ${NEIGHBOURS} lookup main suppress_prefixlength 0`,
      ...rules.flatMap(() => `rule del pref ${table}`),
      ...rules,
      ...(rules.length === 0
        ? []
        : [`route replace default via ${family === '-4' ? gateway : gateway6} dev ${tap} table ${table}`]),
    ];
    await inRoom(room, [ip, family, '-force', '-batch', '-'], `${commands.join('\n')}\n`);
  }
  // What comes in by the tap has senders that the main table sees behind another interface.
  await inRoom(room, ['/bin/sh', '-c', `echo 2 > /proc/sys/net/ipv4/conf/${tap}/rp_filter`], '');
}

const NEIGHBOURS = 1_000;

/** The part of a tear-down's script that takes the rules away; the tap goes with its pasta. */
export function forgetAnswers(slot: number): string {
  const { table } = namesOf(slot);
  return `for f in -4 -6; do while ip $f rule del pref ${table}; do :; done; done 2>/dev/null`;
}

interface SlotNames {
  tap: string;
  table: number;
  own: string;
  gateway: string;
  own6: string;
  gateway6: string;
}

function namesOf(slot: number): SlotNames {
  const first = slot * 4;
  const address = (offset: number): string => `169.254.${16 + (first >> 8)}.${(first & 255) + offset}`;
  const prefix = `fd54:7350:6f64:${slot.toString(16)}`;
  return {
    tap: `in${slot}`,
    table: NEIGHBOURS + slot,
    own: address(2),
    gateway: address(1),
    own6: `${prefix}::2`,
    gateway6: `${prefix}::1`,
  };
}

async function inRoom({ enter }: RootlessRoom, words: readonly string[], input: string): Promise<void> {
  const [program = '', ...args] = [...enter, ...words];
  await runProgram(program, args, { input, env: helperEnvironment() });
}
