import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { networkStatus, readSavedInterfaces } from '../../../src/libpod/checkpoint-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-checkpoint-'));
after(() => rmSync(directory, { recursive: true }));
const write = (text: string): void => writeFileSync(join(directory, 'network.status'), text);

test('the addresses that a container had are written in the form of podman, and read from it', () => {
  assert.equal(readSavedInterfaces(directory), undefined);
  const status = networkStatus({
    networks: {
      podman: {
        interfaces: [{ name: 'eth0', mac: '92:aa:bb:cc:dd:ee', addresses: [{ ipnet: '10.88.0.5/16' }] }],
        dnsServers: [],
        dnsSearch: [],
      },
    },
  });
  write(JSON.stringify(status));
  assert.deepEqual(
    [...(readSavedInterfaces(directory) ?? [])],
    [['podman', { name: 'eth0', mac: '92:aa:bb:cc:dd:ee', ips: ['10.88.0.5'] }]],
  );
});

test('a file of somebody else is read as far as it makes sense', () => {
  write(
    '{"a": null, "b": {"interfaces": {"eth1": {"subnets": [7, {"ipnet": "fd00::5/64"}]}}}, "c": {"interfaces": []}}',
  );
  assert.deepEqual(
    [...(readSavedInterfaces(directory) ?? [])],
    [['b', { name: 'eth1', mac: undefined, ips: ['fd00::5'] }]],
  );
  write('null');
  assert.deepEqual([...(readSavedInterfaces(directory) ?? [])], []);
  write('{');
  assert.throws(
    () => readSavedInterfaces(directory),
    /network\.status of the checkpoint cannot be read as JSON/,
  );
});
