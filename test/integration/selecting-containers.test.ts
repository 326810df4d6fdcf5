import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createScript, freshName, startScript, statusOf, waitForStatus } from '../fixtures/containers.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { createPod, podStatus, removePod, startMember } from '../fixtures/pods.ts';
import { isRoot } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const SLEEP = 'trap "exit 0" TERM; while :; do sleep 3600 & wait; done';
const canPause = isRoot() ? false : 'needs a freezer, which not every user has';

/** An older container, which is to be left alone, and the latest one, whose id is in the file. */
async function two(): Promise<{ older: string; latest: string; file: string }> {
  const older = await startScript([], SLEEP);
  const file = join(testRoot().base, freshName('cid'));
  return { older, latest: await startScript(['--cidfile', file], SLEEP), file };
}

const remove = (...names: string[]) => tspodOk(['rm', '-f', '-t', '0', ...names]);

describe('commands for the latest container', () => {
  it('start, stop, init, kill and diff it, and no other', async () => {
    const { older, latest } = await two();
    await tspodOk(['exec', latest, 'touch', '/written']);
    assert.match(await tspodOk(['diff', '--latest']), /^A \/written$/m);
    await tspodOk(['stop', '--latest', '-t', '5']);
    assert.match(await statusOf(latest), /^Exited \(0\)/);
    await tspodOk(['start', '--latest']);
    assert.match(await statusOf(latest), /^Up/);
    await tspodOk(['kill', '--latest']);
    await waitForStatus(latest, /^Exited \(137\)/);
    assert.match(await statusOf(older), /^Up/);
    const created = await createScript([], SLEEP);
    await tspodOk(['init', '--latest']);
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', created]), 'initialized');
    await remove(older, latest, created);
  });

  it('attach to it, show its log, and update it', async () => {
    const { older } = await two();
    const latest = await startScript([], 'echo told; until [ -e /go ]; do sleep 0.1; done; exit 6');
    await waitFor('the log', async () => (await tspodOk(['logs', '--latest'])) === 'told');
    const attached = tspod(['attach', '--latest', '--no-stdin']);
    await tspodOk(['update', '--latest', '--restart', 'on-failure:1']);
    const policy = '{{.HostConfig.RestartPolicy.Name}}';
    assert.equal(await tspodOk(['inspect', '--format', policy, latest]), 'on-failure');
    assert.equal(await tspodOk(['inspect', '--format', policy, older]), 'no');
    await tspodOk(['update', '--latest', '--restart', 'no']);
    await tspodOk(['exec', '--latest', 'touch', '/go']);
    assert.equal((await attached).code, 6);
    await tspodOk(['rm', '-f', '-t', '0', '--all']);
  });
});

describe('commands for all containers, or those of a file', () => {
  it('kill by --cidfile and --all', async () => {
    const { older, latest, file } = await two();
    await tspodOk(['kill', '--cidfile', file]);
    await waitForStatus(latest, /^Exited \(137\)/);
    assert.match(await statusOf(older), /^Up/);
    await tspodOk(['restart', '-t', '5', '--cidfile', file]);
    assert.match(await statusOf(latest), /^Up/);
    await tspodOk(['kill', '--all']);
    for (const name of [older, latest]) await waitForStatus(name, /^Exited \(137\)/);
    await remove(older, latest);
  });

  it('restart what runs with --running', async () => {
    const { older, latest } = await two();
    await tspodOk(['stop', '-t', '5', latest]);
    const pid = () => tspodOk(['inspect', '--format', '{{.State.Pid}}', older]);
    const before = await pid();
    await tspodOk(['restart', '-t', '5', '--running']);
    assert.notEqual(await pid(), before);
    assert.match(await statusOf(latest), /^Exited/);
    await remove(older, latest);
  });

  it('pause and unpause by --latest, --cidfile and --all', { skip: canPause }, async () => {
    const { older, latest, file } = await two();
    for (const which of [['--latest'], ['--cidfile', file]]) {
      await tspodOk(['pause', ...which]);
      assert.match(await statusOf(latest), /^Paused/);
      assert.match(await statusOf(older), /^Up/);
      await tspodOk(['unpause', ...which]);
      assert.match(await statusOf(latest), /^Up/);
    }
    await tspodOk(['pause', '--all']);
    for (const name of [older, latest]) assert.match(await statusOf(name), /^Paused/);
    await tspodOk(['unpause', '--all']);
    for (const name of [older, latest]) assert.match(await statusOf(name), /^Up/);
    await remove(older, latest);
  });
});

describe('commands for the latest pod, for all, or for that of a file', () => {
  it('start, stop, restart and kill it', async () => {
    const older = await createPod();
    const file = join(testRoot().base, freshName('pod-id'));
    const latest = await createPod(['--pod-id-file', file]);
    const member = await startMember(latest);
    const ends = async (pattern: RegExp) => await waitForStatus(member, pattern);
    await tspodOk(['pod', 'stop', '--latest', '-t', '5']);
    await ends(/^Exited \(0\)/);
    await tspodOk(['pod', 'start', '--pod-id-file', file]);
    await ends(/^Up/);
    const pid = () => tspodOk(['inspect', '--format', '{{.State.Pid}}', member]);
    const before = await pid();
    await tspodOk(['pod', 'restart', '--latest']);
    assert.notEqual(await pid(), before);
    await tspodOk(['pod', 'kill', '--signal', 'TERM', '--latest']);
    await ends(/^Exited \(0\)/);
    assert.equal(await podStatus(older), 'Created');
    await tspodOk(['pod', 'start', '--latest']);
    await tspodOk(['pod', 'stop', '--pod-id-file', file, '-t', '5']);
    await ends(/^Exited \(0\)/);
    await tspodOk(['pod', 'start', '--all']);
    assert.equal(await podStatus(older), 'Running');
    await tspodOk(['pod', 'kill', '--all']);
    await ends(/^Exited \(137\)/);
    await tspodOk(['pod', 'start', latest]);
    await tspodOk(['pod', 'stop', '--all', '-t', '5']);
    await ends(/^Exited \(0\)/);
    await tspodOk(['pod', 'stop', '--ignore', 'nowhere']);
    await tspodOk(['pod', 'rm', '--ignore', 'nowhere']);
    await tspodOk(['pod', 'rm', '--latest']);
    assert.equal((await tspod(['pod', 'exists', latest])).code, 1);
    await removePod(older);
  });

  it('show it', async () => {
    const [older, latest] = [await createPod(), await createPod()];
    await startMember(latest);
    assert.equal(await tspodOk(['pod', 'inspect', '--latest', '--format', '{{.Name}}']), latest);
    assert.equal(await tspodOk(['pod', 'ps', '--latest', '--noheading', '--format', '{{.Name}}']), latest);
    assert.match(await tspodOk(['pod', 'top', '--latest', 'args']), /sleep 3600/);
    const stats = ['pod', 'stats', '--no-stream', '--format', '{{.Name}}'];
    assert.match(await tspodOk([...stats, '--latest']), /member/);
    assert.match(await tspodOk([...stats, '--all']), /member/);
    for (const pod of [older, latest]) await removePod(pod);
  });

  it('pause and unpause it', { skip: canPause }, async () => {
    const [older, latest] = [await createPod(), await createPod()];
    const members = [await startMember(older), await startMember(latest)];
    const states = async () => (await Promise.all(members.map(statusOf))).map((text) => text.split(' ')[0]);
    await tspodOk(['pod', 'pause', '--latest']);
    assert.deepEqual(await states(), ['Up', 'Paused']);
    await tspodOk(['pod', 'unpause', '--latest']);
    await tspodOk(['pod', 'pause', '--all']);
    assert.deepEqual(await states(), ['Paused', 'Paused']);
    await tspodOk(['pod', 'unpause', '--all']);
    assert.deepEqual(await states(), ['Up', 'Up']);
    for (const pod of [older, latest]) await removePod(pod);
  });
});
