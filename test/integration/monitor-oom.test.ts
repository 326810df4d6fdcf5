import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingForContainers } from '../fixtures/monitor/bundle.ts';
import { makeContainer } from '../fixtures/monitor/container.ts';
import { startMonitor } from '../fixtures/monitor/monitor.ts';

const controllers = existsSync('/proc/cgroups') ? readFileSync('/proc/cgroups', 'utf8') : '';
const skip =
  missingForContainers() || (/^memory\t\d+\t\d+\t1$/m.test(controllers) ? false : 'needs a memory cgroup');

test('a container that the kernel killed for want of memory leaves a mark', { skip }, async () => {
  using container = makeContainer({ args: ['sh', '-c', 'x=0123456789; while :; do x=$x$x; done'] });
  const config = join(container.bundle, 'config.json');
  const spec = JSON.parse(readFileSync(config, 'utf8'));
  spec.linux.resources = { memory: { limit: 20_000_000, swap: 20_000_000 } };
  writeFileSync(config, JSON.stringify(spec));
  const monitor = startMonitor({
    args: [...container.args, '--run', '--persist-dir', container.directory],
    pipes: ['SYNC', 'EXIT'],
  });
  await monitor.line('SYNC');
  assert.equal(await monitor.line('EXIT'), '{"exit_code": 137, "oom": true}');
  monitor.pipe('EXIT').end('c');
  assert.equal(await container.exitCode(), '137');
  assert.ok(existsSync(join(container.bundle, 'oom')) && existsSync(join(container.directory, 'oom')));
});

test('a container that ends by itself leaves no such mark', { skip }, async () => {
  using container = makeContainer({ args: ['true'] });
  const monitor = startMonitor({ args: [...container.args, '--run'], pipes: ['SYNC', 'EXIT'] });
  await monitor.line('SYNC');
  assert.equal(await monitor.line('EXIT'), '{"exit_code": 0}');
  monitor.pipe('EXIT').end('c');
  assert.equal(existsSync(join(container.bundle, 'oom')), false);
});
