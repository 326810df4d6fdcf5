import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

/** Ports are published by netavark for root, by pasta for a user. */
const canPublish = isRoot() ? requires('netavark', 'private-network') : requires('pasta', 'tun');

before(() => busyboxImage());

async function refusal(...args: string[]): Promise<string | undefined> {
  const { code, stderr, stdout } = await tspod(['port', ...args]);
  assert.deepEqual([code, stdout], [125, '']);
  return stderr.split('\n')[0];
}

test('wrong requests are refused', async () => {
  await tspodOk(['run', '-d', '--network', 'none', '--name', 'closed', BUSYBOX, 'sleep', '600']);
  assert.equal(await refusal(), 'Error: you must supply a running container name or id');
  assert.equal(await refusal('--all', 'closed'), 'Error: no arguments are needed with --all');
  assert.equal(await refusal('--all', '--latest'), 'Error: --all and --latest cannot be used together');
  assert.equal(
    await refusal('nobody'),
    'Error: no container with name or ID "nobody" found: no such container',
  );
  assert.match((await refusal('closed', '80/tcp/x')) ?? '', /port formats are port\/protocol/);
  assert.match((await refusal('closed', 'http')) ?? '', /parsing "http": invalid syntax/);
  assert.match((await refusal('closed', '99999')) ?? '', /parsing "99999": value out of range/);
});

test('a container without published ports, or one that does not run, has nothing to print', async () => {
  await tspodOk(['create', '-p', '127.0.0.1:18999:80', '--name', 'waiting', BUSYBOX, 'true']);
  for (const args of [['closed'], ['closed', '80'], ['waiting'], ['--all']]) {
    assert.equal(await tspodOk(['port', ...args]), '', args.join(' '));
  }
});

describe('a container with published ports', { skip: canPublish }, () => {
  before(async () => {
    const ports = ['18080:80', '127.0.0.1:18443:443', '18053:53/udp', '18100-18102:8100-8102'];
    await tspodOk([
      'run',
      '-d',
      '--name',
      'open',
      ...ports.flatMap((port) => ['-p', port]),
      BUSYBOX,
      'sleep',
      '600',
    ]);
  });

  test('has all of them printed', async () => {
    assert.deepEqual((await tspodOk(['port', 'open'])).split('\n').sort(), [
      '443/tcp -> 127.0.0.1:18443',
      '53/udp -> 0.0.0.0:18053',
      '80/tcp -> 0.0.0.0:18080',
      '8100/tcp -> 0.0.0.0:18100',
      '8101/tcp -> 0.0.0.0:18101',
      '8102/tcp -> 0.0.0.0:18102',
    ]);
  });

  test('tells where one of them leads', async () => {
    assert.equal(await tspodOk(['port', 'open', '80']), '0.0.0.0:18080');
    assert.equal(await tspodOk(['port', 'open', '443/tcp']), '127.0.0.1:18443');
    assert.equal(await tspodOk(['port', 'open', '53/udp']), '0.0.0.0:18053');
    assert.equal(await tspodOk(['port', 'open', '8101']), '0.0.0.0:18101');
    assert.equal(await tspodOk(['port', '--latest', '80']), '0.0.0.0:18080');
  });

  test("names ports that are not published in podman's words", async () => {
    assert.equal(await refusal('open', '81'), 'Error: failed to find published port "81"');
    assert.equal(await refusal('open', '53'), 'Error: failed to find published port "53"');
  });

  test('is told by its id with --all', async () => {
    const lines = (await tspodOk(['port', '--all'])).split('\n');
    assert.equal(lines.length, 6);
    assert.match(lines[0] ?? '', /^[0-9a-f]{12}\t\d+\/\w+ -> /);
  });
});
