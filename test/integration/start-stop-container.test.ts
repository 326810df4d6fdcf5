import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  createScript,
  freshName,
  startScript,
  startSleeper,
  statusOf,
  waitForStatus,
} from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const ready = (name: string) =>
  waitFor(`${name} to be ready`, async () => (await tspodOk(['logs', name])).includes('ready'));

before(async () => void (await busyboxImage()));

describe('start', () => {
  it('prints the name and runs it in the background', async () => {
    const name = await createScript([], 'sleep 3600');
    assert.equal(await statusOf(name), 'Created');
    assert.equal(await tspodOk(['start', name]), name);
    assert.match(await statusOf(name), /^Up/);
    assert.equal(await tspodOk(['start', name]), name);
  });

  it('with -a shows its output and has its exit code', async () => {
    const name = await createScript([], 'echo out; echo err >&2; exit 8');
    for (const _ of [1, 2]) {
      const result = await tspod(['start', '-a', name]);
      assert.deepEqual([result.code, result.stdout, result.stderr], [8, 'out\n', 'err\n']);
    }
  });

  it('with -a -i gives it input', async () => {
    const name = await createScript(['-i'], 'read line; echo "got $line"');
    assert.equal((await tspod(['start', '-ai', name], { input: 'word\n' })).stdout, 'got word\n');
  });

  it('keeps what it wrote in its root file system', async () => {
    const name = await createScript([], 'echo x >> /count; wc -l < /count');
    assert.equal(await tspodOk(['start', '-a', name]), '1');
    assert.equal(await tspodOk(['start', '-a', name]), '2');
  });

  it('says what is wrong: not there, several with -a, a command that is not found', async () => {
    const nobody = await tspod(['start', 'nobody']);
    assert.equal(nobody.code, 125);
    assert.match(nobody.stderr, /nobody/);
    const [a, b] = [await createScript([], 'true'), await createScript([], 'true')];
    assert.equal((await tspod(['start', '-a', a, b])).code, 125);
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'no-such-command']);
    const missing = await tspod(['start', '-a', name]);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-command/);
  });

  it('goes on with the others after a failure', async () => {
    const name = await createScript([], 'sleep 3600');
    const result = await tspod(['start', 'nobody', name]);
    assert.equal(result.code, 125);
    assert.equal(result.stdout, `${name}\n`);
    assert.match(await statusOf(name), /^Up/);
  });
});

describe('stop', () => {
  it('lets it end by itself, and is content with what does not run', async () => {
    const name = await startScript([], 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done');
    await ready(name);
    assert.equal(await tspodOk(['stop', name]), name);
    assert.match(await statusOf(name), /^Exited \(5\)/);
    assert.equal(await tspodOk(['stop', name]), name);
  });

  it('kills it after -t seconds', async () => {
    const name = await startScript([], 'trap "" TERM; echo ready; while :; do sleep 0.1; done');
    await ready(name);
    await tspodOk(['stop', '-t', '1', name]);
    assert.match(await statusOf(name), /^Exited \(137\)/);
  });

  it('stops all with -a, and passes over missing ones with -i', async () => {
    const [one, two] = [await startSleeper(), await startSleeper()];
    const printed = await tspodOk(['stop', '-a', '-t', '0']);
    for (const name of [one, two]) assert.match(await statusOf(name), /^Exited/);
    assert.ok(printed.split('\n').length >= 2);
    assert.equal((await tspod(['stop', 'nobody'])).code, 125);
    assert.equal((await tspod(['stop', '-i', 'nobody'])).code, 0);
  });

  it('by two at once is one stop', async () => {
    const name = await startSleeper();
    const results = await Promise.all([1, 2, 3].map(() => tspod(['stop', '-t', '3', name])));
    for (const result of results) assert.equal(result.code, 0, result.stderr);
    assert.match(await statusOf(name), /^Exited \(0\)/);
  });
});

describe('kill', () => {
  it('sends SIGKILL, or the signal of -s by name and number', async () => {
    const killed = await startSleeper();
    assert.equal(await tspodOk(['kill', killed]), killed);
    await waitForStatus(killed, /^Exited \(137\)/);
    for (const signal of ['USR1', 'SIGUSR1', '10']) {
      const name = await startScript([], 'trap "exit 61" USR1; echo ready; while :; do sleep 0.1; done');
      await ready(name);
      await tspodOk(['kill', '-s', signal, name]);
      await waitForStatus(name, /^Exited \(61\)/);
    }
  });

  it('refuses what does not run, and signals that do not exist', async () => {
    const name = await createScript([], 'true');
    const result = await tspod(['kill', name]);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /running/);
    const bad = await tspod(['kill', '-s', 'NONSENSE', name]);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /NONSENSE/);
  });
});
