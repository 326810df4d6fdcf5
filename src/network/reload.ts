import { closeSync } from 'node:fs';
import { log } from '../base/log.ts';
import { shortId } from '../base/ids.ts';
import { networkFiles, readRecord } from './attachment-record.ts';
import type { NetworkStatus } from './backend.ts';
import { fixBridgeAddresses } from './bridge-address.ts';
import { findNetworks, statusInRoom } from './bridge.ts';
import type { NetworkContext } from './context.ts';
import { lockNetavark, runNetavarkConnect, runNetavarkDisconnect } from './netavark.ts';
import { networkNameOf } from './netavark-input.ts';
import { routeAnswers } from './rootless-ports.ts';
import { existingRoom } from './rootless-room.ts';

/**
 * Sets the networks of a running container up once more, with the addresses that it has: what a firewall that was emptied or loaded again
 * has forgotten is there again. Its connections break. Undefined: it is on none. The caller holds the container's lock.
 */
export async function reloadNetworks(
  context: NetworkContext,
  containerId: string,
  before: NetworkStatus | undefined,
): Promise<NetworkStatus | undefined> {
  const files = networkFiles(context.paths.runRoot);
  const lockFd = await lockNetavark(files, 'exclusive');
  try {
    const found = readRecord(files, containerId);
    const keys = Object.keys(found?.network_info ?? {});
    if (found === undefined || keys.length === 0) return undefined;
    const info = found.network_info ?? {};
    const macs = new Map(
      Object.entries(before?.networks ?? {}).map(([name, { interfaces }]) => [name, interfaces[0]?.mac]),
    );
    const networks = Object.fromEntries(
      Object.entries(found.networks ?? {}).map(([key, each]) => {
        const known = info[key] && macs.get(networkNameOf(info[key]));
        return [key, known === undefined ? each : { ...each, static_mac: known }];
      }),
    );
    const record = { ...found, networks };
    const room = existingRoom(context, files);
    const run = { files, config: context.config, record, lockFd, room };
    // Half of it may be gone: that it cannot be taken away is no reason not to make it again.
    const complaint = await runNetavarkDisconnect(run);
    if (complaint !== undefined)
      log('debug', `reload networks of ${shortId(containerId)}: netavark: ${complaint}`);
    const status = await runNetavarkConnect(run);
    const attachments = Object.values(info).map((network) => ({
      name: networkNameOf(network),
      aliases: [],
      staticIps: [],
      staticMac: undefined,
      interfaceName: undefined,
    }));
    await fixBridgeAddresses(
      findNetworks(context, attachments).map(({ definition }) => definition),
      room?.enter,
    );
    if (room === undefined) return { ...before, ...status };
    await routeAnswers(room, record);
    return statusInRoom(status, room);
  } finally {
    closeSync(lockFd);
  }
}
