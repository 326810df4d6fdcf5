import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { findRemains } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { freshName, runScript, startScript, waitForStatus } from '../fixtures/containers.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

before(() => busyboxImage());

test('a container that makes processes without end reaches its limit, and can be looked at, stopped and removed', {
  // Without a cgroup of its own a user's container has no such limit.
  skip: requires('root'),
}, async () => {
  // The one that cannot make any more ends; what it made stays.
  const bomb = "(while :; do sleep 1000 & done) 2>/dev/null & trap '' TERM; while :; do wait; done";
  const name = await startScript(['--pids-limit', '40'], bomb);
  await waitFor('the limit to be reached', async () => {
    const pids = await tspodOk(['stats', '--no-stream', '--format', '{{.PIDs}}', name]);
    return Number(pids) >= 38;
  });
  assert.match(await tspodOk(['top', name, 'args']), /sleep 1000/);
  // Whether there is room for one more is a matter of luck; that it ends is not.
  const exec = await tspod(['exec', name, 'true']);
  if (exec.code !== 0) assert.match(exec.stderr, /^Error: (?!internal)/);
  await tspodOk(['stop', '--time', '0', name]);
  assert.equal(
    await tspodOk(['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', name]),
    'exited 137',
  );
  await tspodOk(['rm', name]);
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('a container that writes as fast as it can is entered, read and stopped meanwhile, and its log keeps to its size', async () => {
  const name = await startScript(['--log-opt', 'max-size=1m'], 'exec yes "so much to say"');
  // The last line is mostly one that is only begun.
  await waitFor('a line', async () =>
    (await tspodOk(['logs', '--tail', '2', name])).startsWith('so much to say\n'),
  );
  assert.equal(await tspodOk(['exec', name, 'echo', 'inside']), 'inside');
  await tspodOk(['stop', '--time', '0', name]);
  const { stdout } = await tspod(['logs', name]);
  assert.ok(stdout.length > 0 && stdout.length <= 1_100_000, `${stdout.length} bytes`);
  assert.match(stdout.slice(0, stdout.lastIndexOf('\n') + 1), /^(so much to say\n)+$/);
  await tspodOk(['rm', name]);
});

test('a program that ends at once has its exit code known, by whatever way it was started', async () => {
  const attached = await runScript([], 'exit 11');
  assert.equal(attached.code, 11);
  const names = await Promise.all([1, 2, 3, 4].map((code) => startScript([], `exit ${code}`)));
  assert.equal(await tspodOk(['wait', ...names]), '1\n2\n3\n4');
  await tspodOk(['start', ...names]);
  assert.equal(await tspodOk(['wait', ...names]), '1\n2\n3\n4');
  assert.equal((await tspod(['start', '--attach', names[2] ?? ''])).code, 3);
  await tspodOk(['rm', ...names]);
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('exec into a container that is about to end runs, is killed with it, or says that it has ended', async () => {
  const name = freshName('dying');
  await tspodOk([
    ...['create', '--name', name, '--network', 'none', await busyboxImage()],
    ...['sh', '-c', 'sleep 0.3; exit 6'],
  ]);
  for (let round = 0; round < 3; round++) {
    await tspodOk(['start', name]);
    const results = await Promise.all(
      Array.from({ length: 6 }, () => tspod(['exec', name, 'sh', '-c', 'sleep 0.1; exit 4'])),
    );
    for (const { code, stderr } of results) {
      // 137: the container's end took the program along. -1 as an exit code is 255: nobody knows what it ended with.
      assert.ok([4, 137, 125, 126, 255].includes(code), `${code}: ${stderr}`);
      if (code === 125 || code === 126)
        assert.match(stderr, /is (exited|being stopped or removed)|container state improper/);
    }
    assert.equal(await tspodOk(['wait', name]), '6');
    await waitForStatus(name, /^Exited \(6\)/);
  }
  assert.equal(await tspodOk(['inspect', '--format', '{{len .ExecIDs}}', name]), '0');
  await tspodOk(['rm', name]);
  assert.deepEqual(await findRemains(testRoot()), []);
});
