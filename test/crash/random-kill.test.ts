import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertNothingLeft, listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { surveyOk } from '../fixtures/surveyor.ts';

const MOMENTS = 30;
const skip = requires('root');
const VICTIM = ['--network', 'none', '--name', 'victim', '-v', '/data', 'localhost/busybox:latest'];

let baseline: string[] = [];

before(async () => {
  if (skip !== false) return;
  await busyboxImage();
  await tspodOk(['run', '--rm', ...VICTIM, 'true']);
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});

const running = () => tspodOk(['run', '-d', ...VICTIM, 'sleep', '1000']);

const COMMANDS: readonly { args: string[]; prepare?: () => Promise<unknown> }[] = [
  { args: ['run', ...VICTIM, 'true'] },
  { args: ['run', '--rm', ...VICTIM, 'true'] },
  { args: ['rm', '--force', '--volumes', '--time', '0', 'victim'], prepare: running },
  { args: ['stop', '--time', '0', 'victim'], prepare: running },
];

for (const { args, prepare } of COMMANDS) {
  test(`${args[0]} ${args[1]} killed at ${MOMENTS} moments of its life leaves nothing behind`, {
    skip,
  }, async () => {
    await prepare?.();
    const duration = await timeOf(args);
    await assertNothingLeft(testRoot(), baseline, surveyOk);
    for (let moment = 1; moment <= MOMENTS; moment++) {
      await prepare?.();
      const command = spawnTspod(args);
      const timer = setTimeout(() => command.kill('SIGKILL'), (duration * moment) / MOMENTS);
      await command.exit;
      clearTimeout(timer);
      // Another container is not disturbed, whatever state this one is in.
      assert.equal(await tspodOk(['run', '--rm', '--network', 'none', 'busybox', 'echo', 'works']), 'works');
      await assertNothingLeft(testRoot(), baseline, surveyOk);
    }
  });
}

async function timeOf(args: string[]): Promise<number> {
  const start = performance.now();
  await tspodOk(args);
  return performance.now() - start;
}
