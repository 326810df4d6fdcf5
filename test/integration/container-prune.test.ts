import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { withTerminal } from '../fixtures/harness-terminal.ts';
import { requires } from '../fixtures/requires.ts';

const QUESTION =
  'WARNING! This will remove all non running containers.\nAre you sure you want to continue? [y/N] ';

before(() => busyboxImage());

async function exists(name: string): Promise<boolean> {
  return (await tspod(['container', 'exists', name])).code === 0;
}

function created(name: string, ...options: string[]): Promise<string> {
  return tspodOk(['create', '--network', 'none', '--name', name, ...options, BUSYBOX, 'true']);
}

test('removes what has ended or never ran, and leaves what runs', async () => {
  const unborn = await created('unborn');
  await tspodOk(['run', '--network', 'none', '--name', 'ended', BUSYBOX, 'true']);
  await tspodOk(['run', '-d', '--network', 'none', '--name', 'running', BUSYBOX, 'sleep', '600']);
  await tspodOk(['run', '-d', '--network', 'none', '--name', 'stopped', BUSYBOX, 'sleep', '600']);
  await tspodOk(['stop', '-t', '0', 'stopped']);
  const removed = (await tspodOk(['container', 'prune', '--force'])).split('\n');
  assert.equal(removed.length, 3);
  assert.ok(removed.includes(unborn));
  assert.deepEqual(await Promise.all(['unborn', 'ended', 'stopped', 'running'].map(exists)), [
    false,
    false,
    false,
    true,
  ]);
  assert.equal(await tspodOk(['container', 'prune', '-f']), '');
});

test('keeps to its filters', async () => {
  await created('front', '--label', 'tier=front');
  await created('back', '--label', 'tier=back');
  assert.equal(await tspodOk(['container', 'prune', '-f', '--filter', 'until=1h']), '');
  assert.equal(await tspodOk(['container', 'prune', '-f', '--filter', 'label=tier=none']), '');
  await tspodOk(['container', 'prune', '-f', '--filter', 'label=tier', '--filter', 'label!=tier=back']);
  assert.deepEqual(await Promise.all(['front', 'back'].map(exists)), [false, true]);
  await tspodOk(['container', 'prune', '-f', '--filter', 'until=0s']);
  assert.equal(await exists('back'), false);
});

test('refuses filters that it does not know, before anything is removed', async () => {
  await created('kept');
  for (const [filter, reason] of [
    ['status=exited', /status is an invalid filter/],
    ['label', /filter input must be in the form of filter=value: label is invalid/],
    ['until=soon', /soon/],
  ] as const) {
    const { code, stderr } = await tspod(['container', 'prune', '-f', '--filter', filter]);
    assert.equal(code, 125);
    assert.match(stderr, reason);
  }
  assert.ok(await exists('kept'));
});

test('asks first, and only yes is yes', async () => {
  await created('doubtful');
  const no = await tspod(['container', 'prune'], { input: 'n\n' });
  assert.deepEqual([no.code, no.stdout], [0, QUESTION]);
  const nobody = await tspod(['container', 'prune']);
  assert.deepEqual([nobody.code, nobody.stdout], [125, QUESTION]);
  assert.match(nobody.stderr, /EOF/);
  assert.ok(await exists('doubtful'));
  const yes = await tspod(['container', 'prune'], { input: 'Y\n' });
  assert.equal(yes.code, 0);
  assert.equal(await exists('doubtful'), false);
});

test('takes its answer from a terminal', { skip: requires('python3') }, async () => {
  await created('typed');
  const session = withTerminal(['container', 'prune']);
  await session.expect('[y/N]');
  session.write('y\r');
  assert.equal((await session.exit).code, 0);
  assert.equal(await exists('typed'), false);
});

test('called as docker it tells how much room there is now', async () => {
  const directory = join(testRoot().base, 'as-docker');
  mkdirSync(directory);
  symlinkSync(TSPOD, join(directory, 'docker'));
  const prune = async () =>
    (
      await runProgram(
        join(directory, 'docker'),
        [...rootArguments(testRoot()), 'container', 'prune', '-f'],
        {
          env: testEnvironment(),
        },
      )
    ).stdout;
  assert.equal(await prune(), 'Total reclaimed space: 0B\n');
  await tspodOk([
    'run',
    '--network',
    'none',
    '--name',
    'fat',
    BUSYBOX,
    'dd',
    'if=/dev/zero',
    'of=/big',
    'bs=1M',
    'count=3',
  ]);
  assert.match(await prune(), /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 3\.\d+MB\n$/);
});
