import type { FlagRecord, FlagType } from '../flag.ts';
import { registryFlags } from './image.ts';

/** Flags of the peers that tspod knows and cannot honour: refused by name, because dropping one silently would surprise later. */
export const pendingCreateFlags: Readonly<Record<string, FlagRecord>> = {
  ...refused('bool', 'mount it yourself: -v /run/tspod/tspod.sock:/var/run/docker.sock', ['use-api-socket']),
  ...refused('string', 'it exists on Windows only', [
    'cpu-count',
    'cpu-percent',
    'io-maxbandwidth',
    'io-maxiops',
  ]),
  disableContentTrust: registryFlags.disableContentTrust,
  ...refused('string', 'the addresses of an interface are those of its networks', ['link-local-ip']),
  isolation: {
    long: 'isolation',
    type: 'string',
    placeholder: 'technology',
    help: 'How it is isolated: default is all there is',
    values: ['default'],
    noop: true,
  },
  kernelMemory: {
    long: 'kernel-memory',
    type: 'bytes',
    placeholder: 'bytes',
    help: 'Passed over, as docker does: kernels have no such limit any more',
    noop: true,
  },
  ...withoutEffect('string', ['signature-policy']),
};

function refused(type: FlagType, reason: string, names: readonly string[]): Record<string, FlagRecord> {
  return records(names, (long) => ({
    long,
    type,
    help: reason === '' ? 'Not available' : `Not available: ${reason}`,
    refused: reason,
    hidden: true,
  }));
}

function withoutEffect(type: FlagType, names: readonly string[]): Record<string, FlagRecord> {
  return records(names, (long) => ({
    long,
    type,
    help: 'Accepted without effect',
    noop: true,
    hidden: true,
  }));
}

function records(names: readonly string[], make: (long: string) => FlagRecord): Record<string, FlagRecord> {
  return Object.fromEntries(
    names.map((long) => [long.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()), make(long)]),
  );
}
