import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshName, startScript, startSleeper, statusOf, waitForStatus } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const LIFE = 'echo life >>/log; trap "exit 0" TERM; while :; do sleep 3600 & wait; done';
const OFTEN = ['--health-interval', '100ms'];
const STARTUP_OFTEN = ['--health-startup-interval', '100ms'];
/** Each check writes a word into the container, so that it tells what was run in which order. */
const MAIN = ['--health-cmd', 'echo main >>/log', ...OFTEN];

/** The words of the container's log; none while it is on its way from one life to the next. */
async function logOf(name: string): Promise<string[]> {
  const { code, stdout } = await tspod(['exec', name, 'cat', '/log']);
  return code === 0 ? stdout.split('\n').filter(Boolean) : [];
}

async function waitForLog(
  name: string,
  what: string,
  isThere: (words: string[]) => boolean,
): Promise<string[]> {
  let words: string[] = [];
  await waitFor(what, async () => {
    words = await logOf(name);
    return isThere(words);
  });
  return words;
}

const count = (words: readonly string[], word: string): number =>
  words.filter((each) => each === word).length;

async function healthOf(name: string): Promise<string> {
  return await tspodOk(['inspect', '--format', '{{.State.Health.Status}}', name]);
}

describe('the check of a container that starts', () => {
  it('has to succeed as often as --health-startup-success says, before the other one begins', async () => {
    const startup = ['--health-startup-cmd', 'echo startup >>/log', '--health-startup-success', '3'];
    const name = await startScript([...MAIN, ...startup, ...STARTUP_OFTEN], LIFE);
    const words = await waitForLog(name, 'two checks', (seen) => count(seen, 'main') >= 2);
    assert.deepEqual(words.slice(0, 6), ['life', 'startup', 'startup', 'startup', 'main', 'main']);
    assert.equal(count(words, 'startup'), 3);
    await waitForStatus(name, /\(healthy\)$/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is made every --health-startup-interval, not as often as the other one', async () => {
    // With the standard of thirty seconds, or the hour of the other, no second one would be seen.
    const startup = ['--health-startup-cmd', 'echo startup >>/log; exit 1', ...STARTUP_OFTEN];
    const rarely = ['--health-cmd', 'echo main >>/log', '--health-interval', '1h'];
    const name = await startScript([...rarely, ...startup, '--health-startup-retries', '0'], LIFE);
    const words = await waitForLog(name, 'five failures', (seen) => count(seen, 'startup') >= 5);
    // No number of failures starts it again with 0 retries, and the other check waits.
    assert.equal(count(words, 'life'), 1);
    assert.equal(count(words, 'main'), 0);
    assert.equal(await healthOf(name), 'starting');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('has failed when it takes longer than --health-startup-timeout, and --health-startup-retries failures start the container again', async () => {
    const startup = [
      '--health-startup-cmd',
      'echo startup >>/log; test $(grep -c life /log) = 2 || sleep 1000',
    ];
    const limits = ['--health-startup-timeout', '1s', '--health-startup-retries', '2'];
    const name = await startScript([...MAIN, ...startup, ...STARTUP_OFTEN, ...limits], LIFE);
    const words = await waitForLog(name, 'the other check', (seen) => seen.includes('main'));
    assert.deepEqual(words.slice(0, 6), ['life', 'startup', 'startup', 'life', 'startup', 'main']);
    await waitForStatus(name, /\(healthy\)$/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is given to a container that exists by update, all of it', async () => {
    const name = freshName();
    const made = ['create', '--network', 'none', '--name', name, ...MAIN];
    await tspodOk([...made, await busyboxImage(), 'sh', '-c', LIFE]);
    const command = JSON.stringify([
      'sh',
      '-c',
      'echo startup >>/log; test $(grep -c life /log) = 2 || sleep 1000',
    ]);
    await tspodOk([
      ...['update', '--health-startup-cmd', command, ...STARTUP_OFTEN, '--health-startup-timeout', '1s'],
      ...['--health-startup-retries', '1', '--health-startup-success', '2', name],
    ]);
    await tspodOk(['start', name]);
    const words = await waitForLog(name, 'the other check', (seen) => seen.includes('main'));
    assert.deepEqual(words.slice(0, 6), ['life', 'startup', 'life', 'startup', 'startup', 'main']);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

describe('the time that a health check has', () => {
  it('is over after --health-timeout', async () => {
    const check = ['--health-cmd', 'echo begun; sleep 1000', ...OFTEN, '--health-timeout', '1s'];
    const name = await startSleeper([...check, '--health-retries', '1']);
    await waitForStatus(name, /\(unhealthy\)$/);
    const log = await tspodOk(['inspect', '--format', '{{(index .State.Health.Log 0).Output}}', name]);
    assert.match(log, /exceeded timeout \(1s\)/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is without consequence in --health-start-period, in which --health-start-interval counts', async () => {
    const rarely = ['--health-interval', '1h', '--health-retries', '1'];
    const start = ['--health-start-period', '1h', '--health-start-interval', '100ms'];
    const flags = ['--health-cmd', 'echo main >>/log; test -e /good', ...rarely, ...start];
    const name = await startScript(flags, LIFE);
    await waitForLog(name, 'four failures', (seen) => count(seen, 'main') >= 4);
    assert.equal(await healthOf(name), 'starting');
    await tspodOk(['exec', name, 'touch', '/good']);
    await waitForStatus(name, /\(healthy\)$/);
    assert.match(await statusOf(name), /^Up/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('ends with --health-start-period, and failures count from then on', async () => {
    const start = ['--health-start-period', '1s', '--health-start-interval', '100ms'];
    const name = await startSleeper(['--health-cmd', 'exit 1', ...OFTEN, '--health-retries', '1', ...start]);
    await waitForStatus(name, /\(unhealthy\)$/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});
