import { closeSync } from 'node:fs';
import { ConflictError, errnoOf, InvalidSpecError, PermissionError } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import type { PortMapping } from '../specgen/container-spec.ts';
import { findPortHolder } from './port-holder.ts';

/** Ports of the host, held by open descriptors: they stay ours for as long as a process has these open. */
export interface PortReservation {
  /** To be inherited by the container's monitor. */
  readonly fds: readonly number[];
  /** Closes this process's descriptors; idempotent. */
  close(): void;
}

/**
 * Holds all host ports of `ports`, or none: ConflictError names who has one of them. The firewall would redirect the port of a
 * host's server to the container without a word, and give two containers the same port: the kernel's own rule prevents both.
 */
export function reserveHostPorts(ports: readonly PortMapping[]): PortReservation {
  const fds: number[] = [];
  const close = (): void => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const mapping of ports) {
      for (let offset = 0; offset < mapping.range; offset++) {
        const fd = holdOne(mapping, mapping.hostPort + offset);
        if (fd !== undefined) fds.push(fd);
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  return { fds, close };
}

/** Undefined where the kernel cannot hold such a port (sctp without its module, IPv6 turned off). */
function holdOne(mapping: PortMapping, port: number): number | undefined {
  const { protocol, hostIp } = mapping;
  try {
    return syscalls().holdPort(protocol, hostIp, port);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EPROTONOSUPPORT' || code === 'EAFNOSUPPORT') return undefined;
    throw explain(code, { protocol, hostIp, port, cause: error });
  }
}

interface FailedPort {
  protocol: PortMapping['protocol'];
  hostIp: string;
  port: number;
  cause: unknown;
}

/** docker's, which scripts look for. */
function dockerWords(address: string, holder: string | undefined): string {
  const by = holder === undefined ? '' : ` by ${holder}`;
  return holder?.startsWith('container ')
    ? `driver failed programming external connectivity: Bind for ${address} failed: port is already allocated${by}`
    : `failed to bind host port ${address}: address already in use${by}`;
}

function explain(code: string | undefined, failed: FailedPort): unknown {
  const { protocol, hostIp, port, cause } = failed;
  const family = hostIp.includes(':') ? '6' : '4';
  const host = family === '6' ? `[${hostIp}]` : hostIp;
  const attempt = `cannot listen on the ${protocol.toUpperCase()} port: listen ${protocol}${family} ${host}:${port}: bind`;
  switch (code) {
    case 'EADDRINUSE': {
      const holder = findPortHolder(protocol, port);
      return new ConflictError(
        `${attempt}: address already in use${holder === undefined ? '' : ` by ${holder}`}`,
        { cause, docker: dockerWords(`${host || '0.0.0.0'}:${port}`, holder) },
      );
    }
    case 'EACCES':
      return new PermissionError(`${attempt}: permission denied`, {
        cause,
        hint: `ports below net.ipv4.ip_unprivileged_port_start are root's: publish a higher one, or allow it with \`sysctl net.ipv4.ip_unprivileged_port_start=${port}\``,
      });
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return new InvalidSpecError(`${attempt}: this host has no address ${hostIp}`, { cause });
    default:
      return cause;
  }
}
