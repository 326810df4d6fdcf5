import { closeSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { ConflictError, InvalidSpecError, TspodError } from '../base/errors.ts';
import { ipFamily } from '../base/ip-family.ts';
import { runProgram } from '../base/run-program.ts';
import { networkFiles } from './attachment-record.ts';
import { type NetworkContext, networkPlaces } from './context.ts';
import { redefineNetwork } from './define-network.ts';
import { helperEnvironment, requireHelper } from './helper-program.ts';
import { lockNetavark } from './netavark.ts';
import { nameForNetavark, netavarkComplaint } from './netavark-input.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from './network-definition.ts';
import { getNetwork } from './network-store.ts';
import { existingRoom } from './rootless-room.ts';

/** Resolvers that the one of a network asks for names which it does not know. */
export interface ResolverChange {
  add: readonly string[];
  drop: readonly string[];
}

/** Changes the definition, and the resolver that runs for containers on the network. Throws NotFoundError, InvalidSpecError. */
export async function updateNetwork(
  context: NetworkContext,
  nameOrId: string,
  change: ResolverChange,
): Promise<NetworkDefinition> {
  for (const text of [...change.add, ...change.drop])
    if (ipFamily(text) === 0) throw new InvalidSpecError(`unable to parse ip ${text}`);
  const network = getNetwork(networkPlaces(context), nameOrId);
  if (network.id === DEFAULT_NETWORK_ID)
    throw new ConflictError(`default network ${network.name} cannot be changed: it has no resolver`);
  if (!network.dns_enabled)
    throw new InvalidSpecError(
      `cannot set DNS servers of network ${network.name}: DNS is not enabled for the network`,
    );
  const changed = await redefineNetwork(context, network.name, (now) => {
    const { network_dns_servers: before = [], ...rest } = now;
    const servers = [...new Set([...before, ...change.add])].filter((text) => !change.drop.includes(text));
    return servers.length === 0 ? rest : { ...rest, network_dns_servers: servers };
  });
  await tellResolver(context, changed);
  return changed;
}

/** Without containers on the network nothing runs for it: the next one brings the definition along. */
async function tellResolver(context: NetworkContext, network: NetworkDefinition): Promise<void> {
  const files = networkFiles(context.paths.runRoot);
  const name = nameForNetavark(network);
  const isServed = (): boolean => existsSync(join(files.netavark, 'aardvark-dns', name));
  if (!isServed()) return;
  const lockFd = await lockNetavark(files, 'exclusive');
  try {
    const room = existingRoom(context, files);
    if (!isServed() || (context.rootless && room === undefined)) return;
    const netavark = requireHelper('netavark', context.config.helperBinariesDir);
    const servers = (network.network_dns_servers ?? []).join(',');
    const [program = netavark, ...words] = [
      ...(room?.enter ?? []),
      ...[netavark, '--config', files.netavark, 'update', name, '--network-dns-servers', servers],
    ];
    const { code, stdout, stderr } = await runProgram(program, words, { env: helperEnvironment() });
    if (code === 0) return;
    // Netavark 1.4 cannot say that there are none.
    if (servers === '') forgetResolvers(join(files.netavark, 'aardvark-dns'), name);
    else
      throw new TspodError(
        `network ${network.name} is changed, but its resolver has not learnt it: netavark: ${netavarkComplaint(stdout, stderr)}`,
        { hint: 'containers that start from now on bring it along' },
      );
  } finally {
    closeSync(lockFd);
  }
}

/** The first line of a network's file: its own addresses, then the resolvers. Aardvark reads it again when it is told to. */
function forgetResolvers(folder: string, name: string): void {
  const file = join(folder, name);
  const text = readFileSync(file, 'utf8');
  writeFileAtomic(file, text.replace(/^(\S+) [^\n]*/, '$1'), { durable: false });
  const pid = Number.parseInt(readFileSync(join(folder, 'aardvark.pid'), 'utf8'), 10);
  if (/^aardvark/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))) process.kill(pid, 'SIGHUP');
}
