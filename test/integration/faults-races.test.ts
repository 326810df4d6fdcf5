import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freshName } from '../fixtures/containers.ts';
import { findRemains } from '../fixtures/crash-survey.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { type RunResult, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { createContainer } from '../../src/engine/containers.ts';
import { openEngine } from '../../src/engine/engine.ts';

/** From "the other command has ended before" to "it begins after the removal". */
const STEPS = 6;

/** What a command may say that finds its container being taken away. */
const TOLD =
  /no such (container|object)|is (exited|created|stopping|being (stopped|removed)|removing)|can only create exec sessions on running containers|container state improper|has ended|must be running|is not running|has been removed/;

const OTHERS: readonly { title: string; args: (name: string) => string[]; codes: readonly number[] }[] = [
  // 137: the removal has killed its program. 255: nobody learned how it ended.
  { title: 'exec', args: (name) => ['exec', name, 'sh', '-c', 'echo in; exit 4'], codes: [4, 137, 255] },
  { title: 'exec of a long program', args: (name) => ['exec', name, 'sleep', '600'], codes: [137, 255] },
  { title: 'logs -f', args: (name) => ['logs', '-f', name], codes: [0] },
  { title: 'cp', args: (name) => ['cp', `${name}:/bin/busybox`, '-'], codes: [0] },
  { title: 'stop', args: (name) => ['stop', '--time', '0', name], codes: [0] },
  { title: 'start', args: (name) => ['start', name], codes: [0] },
  { title: 'wait', args: (name) => ['wait', name], codes: [0] },
  { title: 'inspect', args: (name) => ['inspect', name], codes: [0] },
  { title: 'another rm -f', args: (name) => ['rm', '-f', '--time', '0', name], codes: [0] },
];
const STAYS = ['exec of a long program', 'logs -f', 'wait'];

before(() => busyboxImage());

for (const { title, args, codes } of OTHERS)
  test(`rm -f that comes at ${STEPS} moments of ${title} removes the container, and the other one works or is told`, async () => {
    const alone = await timeOf(args, title);
    let refused = 0;
    for (let step = 0; step < STEPS; step++) {
      const name = await sleeper();
      // Before zero it is the other command that comes later.
      const offset = (alone * (step - STEPS / 3)) / (STEPS / 2);
      const [other, removal] = await Promise.all([
        delay(Math.max(0, -offset)).then(() => tspod(args(name))),
        delay(Math.max(0, offset)).then(() => tspod(['rm', '-f', '--time', '0', name])),
      ]);
      assert.equal(removal.code, 0, removal.stderr);
      refused += assertFair(other, codes) ? 0 : 1;
      assert.equal((await tspod(['container', 'exists', name])).code, 1);
    }
    assert.ok(refused < STEPS, 'the removal was never in the middle of it');
    assert.deepEqual(await findRemains(testRoot()), []);
  });

/** False: it was told that its container was going. */
function assertFair({ code, stderr }: RunResult, codes: readonly number[]): boolean {
  assert.doesNotMatch(stderr, /internal error|SQLITE|ENOENT|EBADF/);
  if (codes.includes(code) && !/^Error/m.test(stderr)) return true;
  assert.ok([125, 126].includes(code), `${code}: ${stderr}`);
  assert.match(stderr, TOLD);
  return false;
}

function sleeper(): Promise<string> {
  const name = freshName('raced');
  const run = ['run', '-d', '--network', 'none', '--name', name, 'localhost/busybox', 'sh', '-c'];
  return tspodOk([...run, 'echo up; exec sleep 600']).then(() => name);
}

/** How long it takes; of one that stays as long as its container, until it has surely begun. */
async function timeOf(args: (name: string) => string[], title: string): Promise<number> {
  const name = await sleeper();
  const begin = performance.now();
  await tspod(STAYS.includes(title) ? ['exec', name, 'true'] : args(name));
  const time = performance.now() - begin;
  await tspodOk(['rm', '-f', '--time', '0', name]).catch(() => undefined);
  return time;
}

test('rm -f that comes between the row and the directory of a new container waits, and leaves nothing', {
  skip: requires('root'),
}, async () => {
  const { graphRoot: root, runRoot: runroot } = testRoot();
  const engine = openEngine({ root, runroot });
  const { rootfs } = engine.store;
  const create = rootfs.create.bind(rootfs);
  let removal: Promise<RunResult> | undefined;
  // It has the row here, and nothing on disk.
  rootfs.create = async (options) => {
    removal = tspod(['rm', '-f', '--time', '0', 'early']);
    await Promise.race([removal, delay(2000)]);
    await create(options);
  };
  const request = { image: BUSYBOX, command: ['true'], options: { name: 'early', network: ['none'] } };
  const hooks = { pull: () => Promise.reject(new Error('no pull')), warn: () => {} };
  const created = createContainer(engine, request, hooks, { createCommand: [], keepOwner: false });
  // It may come to be before it is removed.
  await created.catch((error: unknown) => assert.match(String(error), /was removed while/));
  assert.equal((await removal)?.code, 0);
  await tspodOk(['system', 'check']);
  assert.equal(await tspodOk(['ps', '-aq', '--filter', 'name=^early$']), '');
});
