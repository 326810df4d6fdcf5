import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import {
  rootArguments,
  type RunResult,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspodOk,
} from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** Called by docker's name. */
async function docker(...args: string[]): Promise<RunResult> {
  const link = join(testRoot().base, 'docker');
  if (!existsSync(link)) symlinkSync(TSPOD, link);
  return await runProgram(link, [...rootArguments(testRoot()), ...args], { env: testEnvironment() });
}

describe('called as docker', () => {
  it('volume rm -f leaves containers alone, and the volume that they use', async () => {
    const volume = freshName();
    const name = await startSleeper(['--network', 'none', '-v', `${volume}:/data`]);
    const refused = await docker('volume', 'rm', '-f', volume);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /volume is in use/);
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', name]), 'running');
    await tspodOk(['rm', '-f', '-t', '0', name]);
    const removed = await docker('volume', 'rm', '-f', volume, 'nobody');
    assert.deepEqual([removed.code, removed.stdout], [0, `${volume}\nnobody\n`]);
  });

  it('exec -d prints nothing, and a user that is not there ends exec with 126', async () => {
    const name = await startSleeper();
    assert.deepEqual(
      { ...(await docker('exec', '-d', name, 'true')) },
      {
        code: 0,
        signal: null,
        stdout: '',
        stderr: '',
      },
    );
    const refused = await docker('exec', '-u', 'nosuch', name, 'true');
    assert.equal(refused.code, 126);
    assert.match(refused.stderr, /unable to find user nosuch: no matching entries in passwd file/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('says in its words what is not published, not running or not there', async () => {
    const name = await startSleeper();
    assert.match(
      (await docker('port', name, '81')).stderr,
      new RegExp(`No public port '81' published for ${name}`),
    );
    await tspodOk(['stop', '-t', '0', name]);
    assert.match(
      (await docker('kill', name)).stderr,
      new RegExp(`cannot kill container: ${name}: container [0-9a-f]{64} is not running`),
    );
    for (const verb of ['diff', 'top'])
      assert.match((await docker(verb, 'nosuch')).stderr, /^Error: No such container: nosuch$/m);
    await tspodOk(['rm', name]);
  });

  it('top has columns of docker’s width, and logs take any word for all lines', async () => {
    const name = freshName();
    const script = 'echo one; echo two; exec sleep 600';
    await tspodOk([
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      name,
      await busyboxImage(),
      'sh',
      '-c',
      script,
    ]);
    await waitFor('the output', async () => (await tspodOk(['logs', name])).endsWith('two'));
    assert.match((await docker('top', name)).stdout, /^UID {17}PID {17}PPID {16}C {19}STIME/);
    assert.equal((await docker('logs', '--tail', 'x', name)).stdout, 'one\ntwo\n');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('events tell the health in the action', async () => {
    const check = ['--health-cmd', 'true', '--health-interval', '500ms'];
    const name = await startSleeper(['--network', 'none', ...check]);
    await tspodOk(['wait', '--condition', 'healthy', name]);
    const words = ['events', '--since', '10m', '--until', '0s', '--filter', `container=${name}`];
    const told = async (event: string): Promise<string> =>
      (await docker(...words, '--filter', `event=${event}`, '--format', 'json')).stdout;
    await waitFor('the event', async () => (await told('health_status')) !== '');
    const { Action, Actor } = JSON.parse(await told('health_status: healthy')) as {
      Action: string;
      Actor: { Attributes: Record<string, string> };
    };
    assert.equal(Action, 'health_status: healthy');
    assert.deepEqual(Object.keys(Actor.Attributes).sort(), ['image', 'name']);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});
