import { closeSync } from 'node:fs';
import { ConflictError, errnoOf } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import type { PortMapping } from '../specgen/container-spec.ts';

export interface PortDraw extends Pick<PortMapping, 'hostIp' | 'protocol'> {
  /** So many successive ports. */
  length: number;
}

const ATTEMPTS = 100;

/** Drawn by this process, and possibly not in use yet. */
const drawn = new Set<string>();

/**
 * The first of `length` successive host ports that are free now; never one that this process has drawn before. Another process may
 * take it before the container starts: then the start fails and says so.
 */
export function drawHostPort(draw: PortDraw): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = tryDraw(draw);
    if (port !== undefined) return port;
  }
  const what =
    draw.length === 1
      ? `free ${draw.protocol} port`
      : `${draw.length} successive free ${draw.protocol} ports`;
  throw new ConflictError(`no ${what} found on this host`);
}

/** The first port of a range that is free now, and that this process has not drawn before. */
export function drawHostPortFrom(draw: PortDraw & { first: number }): number {
  const { first, length, hostIp, protocol } = draw;
  for (let port = first; port < first + length; port++)
    if (tryDraw({ hostIp, protocol, length: 1 }, port) !== undefined) return port;
  throw new ConflictError(`all ports of the range ${first}-${first + length - 1}/${protocol} are in use`, {
    hint: 'give a larger range, or stop who has them: `tspod ps` shows the ports of containers',
  });
}

/** From `wanted` on; 0: from where the kernel likes. */
function tryDraw({ hostIp, protocol, length }: PortDraw, wanted = 0): number | undefined {
  const held: number[] = [];
  try {
    held.push(syscalls().holdPort(protocol, hostIp, wanted));
    const first = syscalls().boundPort(held[0] ?? -1);
    const keys = Array.from({ length }, (_, offset) => `${protocol} ${first + offset}`);
    if (first + length > 65536 || keys.some((key) => drawn.has(key))) return undefined;
    for (let offset = 1; offset < length; offset++)
      held.push(syscalls().holdPort(protocol, hostIp, first + offset));
    for (const key of keys) drawn.add(key);
    return first;
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') return undefined;
    throw error;
  } finally {
    for (const fd of held) closeSync(fd);
  }
}
