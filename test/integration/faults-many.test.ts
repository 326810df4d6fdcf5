import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertNothingLeft, findRemains, listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { type RunResult, makeTestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';

const NONE = ['--network', 'none'];
const RUNS = Number(process.env['TSPOD_TEST_RUNS'] ?? 100);
let baseline: string[] = [];

before(async () => {
  await busyboxImage();
  await tspodOk(['run', '--rm', ...NONE, 'busybox', 'true']);
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});

function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

function sleeper(name: string): Promise<string> {
  return tspodOk(['run', '-d', ...NONE, '--name', name, 'busybox', 'sleep', '1000']);
}

/** No command may fail because another one was at work. */
function assertNoTrouble(results: readonly RunResult[]): void {
  for (const { stderr } of results) {
    assert.doesNotMatch(stderr, /database is locked|SQLITE|internal error|is locked by another|busy/);
  }
}

for (const count of [20, RUNS]) {
  test(`${count} runs at once all give their own exit code and output`, async () => {
    const results = await times(count, (index) =>
      tspod(['run', '--rm', ...NONE, 'busybox', 'sh', '-c', `echo number ${index}; exit ${index % 256}`], {
        timeout: 900_000,
      }),
    );
    assertNoTrouble(results);
    assert.deepEqual(
      results.map(({ code, stdout }) => `${code} ${stdout.trim()}`),
      results.map((_, index) => `${index % 256} number ${index}`),
    );
    await assertNothingLeft(testRoot(), baseline);
  });
}

test('of 20 containers of the same name exactly one comes to be', async () => {
  const results = await times(20, () =>
    tspod(['run', '-d', ...NONE, '--name', 'same', 'busybox', 'sleep', '1000']),
  );
  assertNoTrouble(results.filter(({ code }) => code === 0));
  assert.equal(results.filter(({ code }) => code === 0).length, 1);
  for (const { stderr } of results.filter(({ code }) => code !== 0)) {
    assert.match(stderr, /the container name "same" is already in use by [0-9a-f]{64}/);
  }
  await assertNothingLeft(testRoot(), baseline);
});

test('two starts of one container at once both succeed, and it runs once', async () => {
  await tspodOk([
    'create',
    ...NONE,
    '--name',
    'twice',
    'busybox',
    'sh',
    '-c',
    'echo x >> /count; sleep 1000',
  ]);
  const results = await times(4, () => tspod(['start', 'twice']));
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0, 0, 0],
  );
  assert.equal(
    await tspodOk(['exec', 'twice', 'sh', '-c', 'until [ -s /count ]; do sleep 0.1; done; cat /count']),
    'x',
  );
  await assertNothingLeft(testRoot(), baseline);
});

test('several rm of one container at once leave none and none of them says more than that it is gone', async () => {
  await sleeper('gone');
  const results = await times(4, () => tspod(['rm', '-f', '--time', '0', 'gone']));
  assertNoTrouble(results);
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0, 0, 0],
  );
  await assertNothingLeft(testRoot(), baseline);
});

test('rm --force beside exec, stop and start leaves no trace of the container', async () => {
  for (let round = 0; round < 5; round++) {
    await sleeper('contested');
    const others = await Promise.all([
      tspod(['exec', 'contested', 'true']),
      tspod(['stop', '--time', '0', 'contested']),
      tspod(['start', 'contested']),
      tspod(['rm', '-f', '--time', '0', 'contested']),
      tspod(['exec', 'contested', 'sh', '-c', 'exit 3']),
    ]);
    assertNoTrouble(others);
    assert.equal(others[3]?.code, 0, others[3]?.stderr);
    await tspod(['rm', '-f', '--time', '0', 'contested']);
    assert.deepEqual(await findRemains(testRoot()), []);
  }
});

test('rm --force ends whoever reads from the container or waits for it, and leaves no trace', async () => {
  await tspodOk([
    'run',
    '-d',
    '--name',
    'watched',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    'echo up; exec sleep 600',
  ]);
  const reader = spawnTspod(['logs', '-f', 'watched']);
  await reader.expect('up\n');
  const waiter = spawnTspod(['wait', 'watched']);
  const copies = [1, 2, 3].map(() => tspod(['cp', 'watched:/etc', '-']));
  await tspodOk(['rm', '-f', '-t', '0', 'watched']);
  assert.equal((await reader.exit).code, 0);
  await waiter.exit;
  assert.match(waiter.stdout() + waiter.stderr(), /^137\n$|no such container/);
  for (const { code, stderr } of await Promise.all(copies)) {
    assert.ok(code === 0 || code === 125, `${code}: ${stderr}`);
    assert.doesNotMatch(stderr, /internal error/);
  }
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('20 commands may be the first ones of a store', async () => {
  const root = makeTestRoot();
  const results = await times(20, () => tspod(['images'], { root }));
  assertNoTrouble(results);
  assert.deepEqual(new Set(results.map(({ code }) => code)), new Set([0]));
});
