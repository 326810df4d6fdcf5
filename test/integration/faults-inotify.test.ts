import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { letGo, startScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { tspodOk } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';

/** Root's would be missed by all of the host. */
const skip = requires('rootless', 'python3');

/** Takes all that the kernel gives this user, says how many that were, and keeps them until its input ends. */
const HOARD = `
import ctypes, sys
libc = ctypes.CDLL(None)
count = 0
while libc.inotify_init() >= 0:
    count += 1
print(count, flush=True)
sys.stdin.read()
`;
const hoard = { end: (): void => {} };

before(async () => {
  if (skip !== false) return;
  await busyboxImage();
  const child = spawn(programPath('python3'), ['-c', HOARD], { stdio: ['pipe', 'pipe', 'inherit'] });
  hoard.end = () => child.stdin.end();
  const [count] = await new Promise<Buffer[]>((resolve) =>
    child.stdout.once('data', (...all) => resolve(all)),
  );
  assert.ok(Number(String(count)) > 0);
});

after(() => hoard.end());

test('events are told to who follows them, where the user has no instance of inotify left', {
  skip,
}, async () => {
  const follower = spawnTspod(['events', '--filter', 'event=create']);
  const name = await startScript([], 'exit 0');
  await follower.expect(name);
  follower.kill();
  await follower.exit;
});

test('who follows a log, waits, attaches or runs is served all the same', { skip }, async () => {
  const name = await startScript(['-t'], 'until [ -e /go ]; do sleep 0.05; done; echo went; exit 4');
  const [follower, waiter, attached] = [['logs', '-f'], ['wait'], ['attach', '--no-stdin']].map((words) =>
    spawnTspod([...words, name]),
  );
  await letGo(name);
  assert.deepEqual(
    await Promise.all([follower, waiter, attached].map(async (one) => (await one?.exit)?.code)),
    [0, 0, 4],
  );
  assert.match(follower?.stdout() ?? '', /went/);
  assert.equal(waiter?.stdout(), '4\n');
  assert.match(attached?.stdout() ?? '', /went/);
  assert.equal(await tspodOk(['run', '--rm', await busyboxImage(), 'echo', 'ran']), 'ran');
});
