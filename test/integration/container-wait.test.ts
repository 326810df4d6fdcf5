import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { letGo } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';

const WAIT_FOR_FILE = 'while [ ! -e /go ]; do sleep 0.02; done;';

before(() => busyboxImage());

function started(name: string, script: string, options: string[] = []): Promise<string> {
  return tspodOk(['run', '-d', '--network', 'none', '--name', name, ...options, BUSYBOX, 'sh', '-c', script]);
}

function created(name: string): Promise<string> {
  return tspodOk(['create', '--network', 'none', '--name', name, BUSYBOX, 'sleep', '600']);
}

test('prints the exit code of a container that has ended', async () => {
  await started('ended', 'exit 7');
  assert.equal(await tspodOk(['wait', 'ended']), '7');
  assert.equal(await tspodOk(['wait', 'ended']), '7');
  assert.equal(await tspodOk(['wait', '--latest']), '7');
});

test('waits for several containers in the order of the arguments', async () => {
  await started('slow', `${WAIT_FOR_FILE} exit 3`);
  await started('quick', 'exit 4');
  const waiting = spawnTspod(['wait', 'slow', 'quick']);
  await tspodOk(['wait', 'quick']);
  assert.equal(waiting.stdout(), '');
  await letGo('slow');
  assert.equal((await waiting.exit).code, 0);
  assert.equal(waiting.stdout(), '3\n4\n');
});

test('tells a death by signal as a shell does', async () => {
  await started('killed', 'exec sleep 600');
  const waiting = spawnTspod(['wait', 'killed']);
  await tspodOk(['kill', 'killed']);
  await waiting.exit;
  assert.equal(waiting.stdout(), '137\n');
});

test('knows the exit code of a container that removes itself, whose name is free then', async () => {
  await started('selfless', `${WAIT_FOR_FILE} exit 9`, ['--rm']);
  const waiting = spawnTspod(['wait', 'selfless']);
  await letGo('selfless');
  assert.equal((await waiting.exit).code, 0);
  assert.equal(waiting.stdout(), '9\n');
  assert.equal((await tspod(['container', 'exists', 'selfless'])).code, 1);
});

test('a container that never ran has ended with 0', async () => {
  await created('unborn');
  assert.equal(await tspodOk(['wait', 'unborn']), '0');
});

test('sees the end of a run although the container is started again at once', async () => {
  await started(
    'restless',
    `if [ -e /second ]; then exec sleep 600; fi; touch /second; ${WAIT_FOR_FILE} exit 5`,
    ['--restart', 'on-failure'],
  );
  const waiting = spawnTspod(['wait', 'restless']);
  await letGo('restless');
  assert.equal((await waiting.exit).code, 0);
  assert.equal(waiting.stdout(), '5\n');
});

test('other conditions than the end give -1', async () => {
  await created('conditioned');
  assert.equal(await tspodOk(['wait', '--condition', 'created', 'conditioned']), '-1');
  const waiting = spawnTspod(['wait', '--condition', 'running', '--interval', '10ms', 'conditioned']);
  await tspodOk(['start', 'conditioned']);
  assert.equal((await waiting.exit).code, 0);
  assert.equal(waiting.stdout(), '-1\n');
  const removal = spawnTspod(['wait', '--condition', 'removing', '-i', '10', 'conditioned']);
  // The program takes no notice of SIGTERM: the other command has time to look before there is nothing left to see.
  await tspodOk(['rm', '-f', '-t', '3', 'conditioned']);
  assert.equal((await removal.exit).code, 0);
  assert.match(removal.stdout(), /^(-1|137)\n$/);
});

test('any of several conditions will do', async () => {
  await started('either', 'exec sleep 600');
  assert.equal(await tspodOk(['wait', '--condition', 'exited,running', 'either']), '-1');
});

test('--exit-first-match ends with the first container', async () => {
  await started('lasting', 'exec sleep 600');
  await started('first', 'exit 6');
  assert.equal(await tspodOk(['wait', '--exit-first-match', 'lasting', 'first']), '6');
});

test('--ignore prints -1 for what is not there', async () => {
  await started('present', 'exit 2');
  assert.equal(await tspodOk(['wait', '--ignore', 'nobody', 'present']), '-1\n2');
});

test('wrong requests are refused before anything is waited for', async () => {
  const refusal = async (...args: string[]) => {
    const { code, stderr, stdout } = await tspod(['wait', ...args]);
    assert.deepEqual([code, stdout], [125, '']);
    return stderr;
  };
  assert.match(await refusal(), /requires a name, id, or the "--latest" flag/);
  assert.match(
    await refusal('lasting', 'nobody'),
    /no container with name or ID "nobody" found: no such container/,
  );
  assert.match(await refusal('--latest', 'lasting'), /--latest and containers cannot be used together/);
  assert.match(
    await refusal('--condition', 'asleep', 'lasting'),
    /unknown container state: asleep: invalid argument/,
  );
  assert.match(await refusal('--interval', 'soon', 'lasting'), /invalid --interval "soon"/);
  assert.match(await refusal('--condition', 'healthy', 'lasting'), /has no healthcheck/);
});
