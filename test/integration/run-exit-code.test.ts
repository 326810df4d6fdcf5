import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshName, inContainer, runScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

const run = async (...args: string[]) => await tspod(['run', '--rm', '--network', 'none', ...args]);

describe('the exit code of run', () => {
  it('is that of the command', async () => {
    for (const code of [0, 1, 2, 42, 125, 126, 127, 128, 137, 255]) {
      assert.equal((await runScript([], `exit ${code}`)).code, code);
    }
  });

  it('is 128 + the signal when a signal ended it', async () => {
    // PID 1 gets no signal that it does not handle, but SIGKILL from outside; a child’s end is what the shell passes on.
    assert.equal((await runScript(['--init'], 'kill -TERM $$')).code, 143);
    assert.equal((await runScript([], 'sh -c "kill -KILL \\$\\$"; exit $?')).code, 137);
    const name = freshName();
    const killed = runScript(['--name', name], 'echo up; sleep 3600');
    await waitFor('the container to run', async () => (await tspod(['exec', name, 'true'])).code === 0);
    await tspodOk(['kill', '-s', 'KILL', name]);
    assert.equal((await killed).code, 137);
  });

  it('is 127 for a command that is not in the image, and says which', async () => {
    const image = await busyboxImage();
    const result = await run(image, 'no-such-command');
    assert.equal(result.code, 127);
    assert.match(result.stderr, /no-such-command/);
    assert.match(result.stderr, /not found/);
    assert.equal((await run(image, '/no/such/path')).code, 127);
  });

  it('is 126 for a command that cannot be invoked: a directory, a file without the right', async () => {
    const image = await busyboxImage();
    const directory = await run(image, '/etc');
    assert.equal(directory.code, 126);
    assert.match(directory.stderr, /\/etc/);
    assert.equal((await run(image, '/etc/hosts')).code, 126);
  });

  it('is 125 for errors of tspod itself', async () => {
    const image = await busyboxImage();
    assert.equal((await run('--no-such-flag', image, 'true')).code, 125);
    assert.equal((await run()).code, 125);
    assert.equal((await run('--memory', 'lots', image, 'true')).code, 125);
    const missing = await run('--pull', 'never', 'localhost/not-there:1', 'true');
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /localhost\/not-there:1/);
    assert.match(missing.stderr, /tspod pull/);
  });

  it('leaves nothing behind of a --rm container that could not start', async () => {
    const image = await busyboxImage();
    const name = freshName();
    await run('--name', name, image, 'no-such-command');
    assert.equal((await tspod(['container', 'exists', name])).code, 1);
  });

  it('keeps a container that could not start and was to stay, with its reason', async () => {
    const image = await busyboxImage();
    const name = freshName();
    const result = await tspod(['run', '--network', 'none', '--name', name, image, 'no-such-command']);
    assert.equal(result.code, 127);
    assert.match(
      await tspodOk(['ps', '-a', '--filter', `name=${name}`, '--format', '{{.State}}']),
      /created/i,
    );
  });

  it('says by name what is in the way', async () => {
    const image = await busyboxImage();
    const name = freshName();
    const id = await tspodOk(['create', '--name', name, '--network', 'none', image, 'true']);
    const again = await run('--name', name, image, 'true');
    assert.equal(again.code, 125);
    assert.match(again.stderr, new RegExp(name));
    assert.match(again.stderr, new RegExp(id.slice(0, 12)));
  });

  it('is that of the command with a program that closes its output early', async () => {
    assert.equal(await inContainer([], 'exec 1>&- 2>&-; exit 0'), '');
    assert.equal((await runScript([], 'exec 1>&- 2>&-; sleep 0.2; exit 9')).code, 9);
  });
});
