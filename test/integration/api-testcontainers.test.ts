import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startApiService } from '../fixtures/api-service.ts';
import { exists } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { withoutBridges } from '../fixtures/networks.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const REAPER = 'localhost/reaper:latest';
const DEADLINE_MS = 60_000;

interface Found {
  page: string;
  inside: string;
  logs: string;
  word: string;
  network: string;
  containers: string[];
  stopped: string;
}

test('testcontainers run their daily examples, and their reaper removes all when the client is killed', {
  skip: withoutBridges(),
}, async () => {
  await busyboxImage();
  await reaperImage();
  const service = await startApiService();
  const client = spawn(
    process.execPath,
    [join(import.meta.dirname, '../fixtures/testcontainers-client.ts'), BUSYBOX],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: testRoot().base,
        TMPDIR: testRoot().base,
        DOCKER_HOST: service.uri,
        // Not the gateway of the bridge, as it would be on hosts that look like containers themselves.
        TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
        RYUK_CONTAINER_IMAGE: REAPER,
        DEBUG: 'testcontainers*',
      },
    },
  );
  let said = '';
  client.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const found = await new Promise<Found>((resolve, reject) => {
    createInterface(client.stdout).on('line', (line) => resolve(JSON.parse(line) as Found));
    client.on('exit', (code) => reject(new Error(`the client ended with ${code}: ${said}`)));
  });
  assert.deepEqual([found.page, found.inside, found.word], ['page\n', 'page\n', 'said\n']);
  assert.match(found.logs, /page\nready/);
  assert.equal(await exists(found.stopped), false);
  for (const id of found.containers) assert.equal(await exists(id), true);
  client.kill('SIGKILL');
  for (const id of found.containers)
    await waitFor(`the end of ${id}`, async () => !(await exists(id)), DEADLINE_MS);
  await waitFor(
    'the end of the network',
    async () => (await tspod(['network', 'exists', found.network])).code === 1,
    DEADLINE_MS,
  );
  await waitFor(
    'the end of the reaper',
    async () => (await tspodOk(['ps', '--all', '--quiet'])) === '',
    DEADLINE_MS,
  );
  await service.stop();
});

async function reaperImage(): Promise<void> {
  const folder = join(testRoot().base, 'reaper');
  mkdirSync(folder);
  const source = join(import.meta.dirname, '../fixtures/reaper.c');
  execFileSync('cc', ['-O1', '-static', '-o', join(folder, 'reaper'), source]);
  execFileSync('tar', ['-C', folder, '-cf', join(folder, 'reaper.tar'), 'reaper']);
  await tspodOk(['import', '--change', 'ENTRYPOINT ["/reaper"]', join(folder, 'reaper.tar'), REAPER]);
}
