import assert from 'node:assert/strict';
import { type Operation, SLEEP, START, startsAgain } from '../../fixtures/crash-operation.ts';
import { tspodOk } from '../../fixtures/harness.ts';
import { isRoot, requires } from '../../fixtures/requires.ts';

const NETWORK = ['network-after-netns', 'network-after-lease', 'network-after-record', 'network-after-setup'];
const BRIDGES = isRoot() ? requires('private-network', 'netavark') : requires('pasta', 'tun', 'netavark');
const startOnOne = async () => {
  for (const name of ['one', 'two']) await tspodOk(['network', 'create', '--ignore', name]);
  await tspodOk(['run', '-d', '--network', 'one', '--name', 'victim', ...SLEEP]);
};
const removeNetworks = () => tspodOk(['network', 'rm', '-f', '--time', '0', 'one', 'two']);

export const NETWORKS: readonly Operation[] = [
  {
    name: 'run on a bridge',
    needs: requires('root', 'netavark', 'private-network'),
    args: () => ['run', '-d', '--network', 'bridge', '-p', '18080:80', '--name', 'victim', ...SLEEP],
    points: [...NETWORK, ...START],
    afterwards: async () => {
      await tspodOk(['start', 'victim']);
      assert.match(await tspodOk(['exec', 'victim', 'ip', 'addr', 'show', 'eth0']), /inet 10\./);
    },
  },
  {
    name: 'run with pasta',
    needs: requires('rootless', 'pasta', 'tun'),
    args: () => ['run', '-d', '--network', 'pasta', '--name', 'victim', ...SLEEP],
    points: ['network-after-netns', 'network-after-record', 'network-after-setup'],
    afterwards: startsAgain,
  },
  {
    name: 'run of a user on a bridge',
    needs: requires('rootless', 'pasta', 'tun', 'netavark'),
    args: () => ['run', '-d', '--network', 'bridge', '-p', '18081:80', '--name', 'victim', ...SLEEP],
    points: [...NETWORK, 'rootless-after-user', 'rootless-after-netns', 'rootless-after-pasta'],
    afterwards: startsAgain,
  },
  {
    name: 'network create',
    args: () => ['network', 'create', 'one'],
    points: ['network-after-definition'],
    afterwards: async () => {
      await tspodOk(['network', 'create', '--ignore', 'one']);
      await tspodOk(['network', 'rm', 'one']);
    },
  },
  {
    name: 'network connect',
    needs: BRIDGES,
    before: startOnOne,
    args: () => ['network', 'connect', 'two', 'victim'],
    points: ['connect-after-record', 'connect-after-setup'],
    afterwards: async () => {
      await tspodOk(['network', 'connect', 'two', 'victim']);
      assert.match(await tspodOk(['exec', 'victim', 'ip', 'addr', 'show', 'eth1']), /inet 10\./);
      await removeNetworks();
    },
  },
  {
    name: 'network disconnect',
    needs: BRIDGES,
    before: async () => {
      await startOnOne();
      await tspodOk(['network', 'connect', 'two', 'victim']);
    },
    args: () => ['network', 'disconnect', 'two', 'victim'],
    points: ['disconnect-after-teardown'],
    afterwards: async () => {
      await tspodOk(['network', 'disconnect', 'two', 'victim']);
      await tspodOk(['network', 'connect', 'two', 'victim']);
      assert.match(await tspodOk(['exec', 'victim', 'ip', 'addr', 'show', 'eth1']), /inet 10\./);
      await removeNetworks();
    },
  },
];
