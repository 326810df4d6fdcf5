import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listStore } from '../fixtures/crash-survey.ts';
import { type FaultyProxy, type ProxyFault, startFaultyProxy } from '../fixtures/faulty-proxy.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { type TestRegistry, startRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const FAULTS: Record<string, ProxyFault> = {
  'cuts each connection after 300 bytes': { cutAfter: 300 },
  'cuts each connection after 100,000 bytes': { cutAfter: 100_000 },
  'ends each connection after 200,000 bytes': { endAfter: 200_000 },
  'flips a bit in the headers': { flipAt: 120 },
  'flips a bit in the layer': { flipAt: 250_000 },
  'sends a piece of the headers twice': { repeatAt: 20 },
  'sends a piece of the layer twice': { repeatAt: 250_000 },
  'swaps two pieces of the headers': { swapAt: 20, piece: 50 },
  'swaps two pieces of the layer': { swapAt: 250_000 },
  'sends each request twice': { repeatRequests: true },
  'hands on a few bytes at a time': { piece: 1500 },
};

describe('a proxy in front of a registry', { skip: requires('docker-registry') }, () => {
  const root = makeTestRoot();
  let registry: TestRegistry;
  let proxy: FaultyProxy;
  let id: string;
  let baseline: string[] = [];
  before(async () => {
    registry = await startRegistry();
    proxy = await startFaultyProxy(registry.host);
    const image = await busyboxImage();
    id = await tspodOk(['image', 'inspect', '--format', '{{.Id}}', image]);
    await tspodOk(['push', '-q', '--tls-verify=false', image, `${registry.host}/some/image:1`]);
    writeFileSync(join(testRoot().base, 'auth.json'), '{}');
    await tspodOk(['image', 'prune', '--force'], { root });
    baseline = listStore(root);
  });
  after(async () => {
    await proxy?.stop();
    await registry?.stop();
  });

  for (const [name, fault] of Object.entries(FAULTS)) {
    test(`that ${name}: the pull ends well or with one error, and the next one works`, async () => {
      const image = `${proxy.host}/some/image:1`;
      const pull = ['pull', '-q', '--retry', '1', '--retry-delay', '10ms', '--tls-verify=false', image];
      proxy.fault = fault;
      const { code, stdout, stderr } = await tspod(pull, { root, timeout: 120_000 });
      if (code === 0) assert.equal(stdout.trim(), id);
      else {
        assert.equal(code, 125, stderr);
        assert.match(stderr, /^Error: .+/);
        assert.doesNotMatch(stderr, /internal error/);
      }
      proxy.fault = undefined;
      assert.equal(await tspodOk(pull, { root }), id);
      await tspodOk(['system', 'check'], { root });
      await tspodOk(['rmi', image], { root });
      await tspodOk(['image', 'prune', '--force'], { root });
      assert.deepEqual(listStore(root), baseline);
    });
  }
});
