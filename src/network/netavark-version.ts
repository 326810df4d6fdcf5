import { UnsupportedError } from '../base/errors.ts';
import { runProgram } from '../base/run-program.ts';
import type { NetworkConfig } from './context.ts';
import { findHelper, helperEnvironment } from './helper-program.ts';
import type { NetworkDefinition } from './network-definition.ts';

type Version = readonly [major: number, minor: number];

/** An older netavark leaves these out without a word: the network would not be what was asked for. */
const SINCE: readonly { what: string; version: Version; used: (network: NetworkDefinition) => boolean }[] = [
  { what: 'the ipvlan driver', version: [1, 5], used: ({ driver }) => driver === 'ipvlan' },
  { what: 'routes', version: [1, 8], used: ({ routes = [] }) => routes.length > 0 },
  { what: 'the option vlan', version: [1, 8], used: hasOption('vlan') },
  {
    what: 'the option isolate=strict',
    version: [1, 8],
    used: ({ options }) => options?.['isolate'] === 'strict',
  },
  { what: 'the option no_default_route', version: [1, 8], used: hasOption('no_default_route') },
  { what: 'the option bclim', version: [1, 9], used: hasOption('bclim') },
  { what: 'the option vrf', version: [1, 10], used: hasOption('vrf') },
  {
    what: 'the option mode',
    version: [1, 11],
    used: ({ driver, options }) => driver === 'bridge' && options?.['mode'] === 'unmanaged',
  },
];

/** Throws UnsupportedError naming what the installed netavark is too old for. */
export async function refuseBeyondNetavark(network: NetworkDefinition, config: NetworkConfig): Promise<void> {
  const needs = SINCE.filter(({ used }) => used(network));
  if (needs.length === 0) return;
  const installed = await netavarkVersion(config);
  if (installed === undefined) return;
  const lacking = needs.find(({ version }) => isOlder(installed, version));
  if (lacking !== undefined)
    throw new UnsupportedError(
      `network ${network.name}: ${lacking.what} needs netavark ${lacking.version.join('.')}, this is ${installed.join('.')}`,
    );
}

/** Undefined where it cannot be found out. */
async function netavarkVersion(config: NetworkConfig): Promise<Version | undefined> {
  const program = findHelper('netavark', config.helperBinariesDir);
  if (program === undefined) return undefined;
  const { stdout } = await runProgram(program, ['--version'], {
    env: helperEnvironment(),
    timeoutMs: 10_000,
  });
  const found = /(\d+)\.(\d+)/.exec(stdout);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

function isOlder(version: Version, wanted: Version): boolean {
  return version[0] < wanted[0] || (version[0] === wanted[0] && version[1] < wanted[1]);
}

function hasOption(name: string): (network: NetworkDefinition) => boolean {
  return ({ options = {} }) => Object.hasOwn(options, name);
}
