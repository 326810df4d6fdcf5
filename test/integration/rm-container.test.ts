import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exists, freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

async function create(...flags: string[]): Promise<string> {
  const name = freshName();
  await tspodOk(['create', '--name', name, '--network', 'none', ...flags, await busyboxImage(), 'true']);
  return name;
}

describe('rm', () => {
  it('removes what does not run, by name, id and the beginning of an id', async () => {
    const [one, two, three] = [await create(), await create(), await create()];
    const id = await tspodOk(['ps', '-aq', '--no-trunc', '--filter', `name=${two}`]);
    const short = (await tspodOk(['ps', '-aq', '--filter', `name=${three}`])).slice(0, 8);
    const printed = await tspodOk(['rm', one, id, short]);
    assert.equal(printed.split('\n').length, 3);
    for (const name of [one, two, three]) assert.equal(await exists(name), false);
  });

  it('exits with 2 for a running one and says how to go on, and removes it with -f', async () => {
    const name = await startSleeper();
    const refused = await tspod(['rm', name]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /running/);
    assert.match(refused.stderr, /force|stop/);
    assert.equal(await tspodOk(['rm', '-f', '-t', '0', name]), name);
    assert.equal(await exists(name), false);
  });

  it('exits with 1 for a missing one, with 0 by -f or -i', async () => {
    const result = await tspod(['rm', 'nobody']);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /nobody/);
    assert.equal((await tspod(['rm', '-f', 'nobody'])).code, 0);
    assert.equal((await tspod(['rm', '-i', 'nobody'])).code, 0);
  });

  it('removes the others after a failure, and the running one decides the code', async () => {
    const [running, stopped] = [await startSleeper(), await create()];
    const result = await tspod(['rm', 'nobody', running, stopped]);
    assert.equal(result.code, 2);
    assert.equal(await exists(stopped), false);
    assert.equal(await exists(running), true);
  });

  it('wants a name, and no name beside --all', async () => {
    assert.equal((await tspod(['rm'])).code, 125);
    assert.equal((await tspod(['rm', '-a', 'x'])).code, 125);
    assert.equal((await tspod(['rm', '--no-such-flag', 'x'])).code, 125);
  });

  it('takes with --depend what depends on it', async () => {
    const one = await startSleeper();
    const two = await startSleeper(['--network', `container:${one}`]);
    assert.equal((await tspod(['rm', '-f', '-t', '0', one])).code, 2);
    await tspodOk(['rm', '-f', '-t', '0', '--depend', one]);
    for (const name of [one, two]) assert.equal(await exists(name), false);
  });

  it('removes everything with -a -f, whatever depends on what', async () => {
    await Promise.all([startSleeper(), create(), startSleeper()]);
    const needed = await startSleeper();
    await startSleeper(['--network', `container:${needed}`]);
    await tspodOk(['rm', '-a', '-f', '-t', '0']);
    assert.equal(await tspodOk(['ps', '-aq']), '');
  });
});
