import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import {
  rootArguments,
  type RunResult,
  runProgram,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
  TSPOD,
} from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { addressOn, makeNetwork, withoutBridges } from '../fixtures/networks.ts';

/** Called by docker's name. */
async function docker(...args: string[]): Promise<RunResult> {
  const link = join(testRoot().base, 'docker');
  if (!existsSync(link)) symlinkSync(TSPOD, link);
  return await runProgram(link, [...rootArguments(testRoot()), ...args], { env: testEnvironment() });
}

async function refusal(run: Promise<RunResult>): Promise<string> {
  const { code, stderr } = await run;
  assert.notEqual(code, 0);
  return stderr;
}

describe('more processors than there are', () => {
  it('docker refuses, podman lets be', async () => {
    const [image, count] = [await busyboxImage(), cpus().length];
    const run = ['run', '--rm', '--network', 'none', '--cpus', String(count + 1), image, 'echo', 'ran'];
    const words = new RegExp(`range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs`);
    assert.match(await refusal(docker(...run)), words);
    assert.equal(await tspodOk(run), 'ran');
    const name = freshName();
    const all = ['--cpus', String(count)];
    assert.equal((await docker('create', '--network', 'none', '--name', name, ...all, image)).code, 0);
    assert.match(await refusal(docker('update', '--cpus', String(count + 0.5), name)), words);
    await tspodOk(['rm', name]);
  });
});

describe('the networks none and host', () => {
  it('are none to be joined or left, in the words of each of the peers', async () => {
    const [alone, hosted] = [await startSleeper(), await startSleeper(['--network', 'host'])];
    for (const verb of ['connect', 'disconnect']) {
      const change = ['network', verb, 'none', alone];
      assert.match(await refusal(tspod(change)), /^Error: "none" is not supported: invalid network mode/);
      assert.match(
        await refusal(tspod(['network', verb, 'host', hosted])),
        /^Error: "host" is not supported: invalid network mode/,
      );
    }
    for (const [verb, network, name, words] of [
      ['connect', 'host', alone, /cannot be disconnected from host network or connected to host network/],
      ['disconnect', 'host', hosted, /cannot be disconnected from host network or connected to host network/],
      ['connect', 'none', hosted, /sharing network namespace with another container or host/],
      ['disconnect', 'host', alone, /is not connected to network host/],
      ['disconnect', 'none', hosted, /is not connected to network none/],
      ['connect', 'none', alone, /already connected to network "none"/],
    ] as const)
      assert.match(await refusal(docker('network', verb, network, name)), words, `${verb} ${network}`);
    await tspodOk(['rm', '-f', '-t', '0', alone, hosted]);
  });

  it('docker takes a container out of none, which can join others then', {
    skip: withoutBridges(),
  }, async () => {
    const name = await startSleeper();
    const network = await makeNetwork();
    assert.match(await refusal(docker('network', 'connect', network, name)), /in private \(none\) mode/);
    await tspodOk(['stop', '-t', '0', name]);
    assert.equal((await docker('network', 'disconnect', 'none', name)).code, 0);
    assert.equal((await docker('network', 'connect', network, name)).code, 0);
    await tspodOk(['start', name]);
    const addresses = await tspodOk(['exec', name, 'ip', 'addr', 'show', 'eth0']);
    assert.ok(addresses.includes(`inet ${await addressOn(network, name)}/`), addresses);
    assert.match(await refusal(docker('network', 'connect', 'none', name)), /in private \(none\) mode/);
    const words = ['events', '--since', '10m', '--until', '0s', '--filter', 'type=network', '--format'];
    const told = await docker(...words, '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}');
    assert.match(told.stdout, /^disconnect none null$/m);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('docker takes a container that runs out of none, and into another at once', {
    skip: withoutBridges(),
  }, async () => {
    const name = await startSleeper();
    const network = await makeNetwork();
    assert.equal((await docker('network', 'disconnect', 'none', name)).code, 0);
    assert.equal((await docker('network', 'connect', network, name)).code, 0);
    const addresses = await tspodOk(['exec', name, 'ip', 'addr', 'show', 'eth0']);
    assert.ok(addresses.includes(`inet ${await addressOn(network, name)}/`), addresses);
    await tspodOk(['restart', '-t', '0', name]);
    assert.ok((await tspodOk(['exec', name, 'ip', 'addr'])).includes(await addressOn(network, name)));
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});
