import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startScript, startSleeper, statusOf } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const skip = V2 || isRoot() ? false : 'on cgroup v1 only root has the freezer';

describe('pause and unpause', { skip }, () => {
  it('hold a container and let it go on', async () => {
    const name = await startScript([], 'i=0; while :; do i=$((i+1)); echo $i > /tmp/n; sleep 0.02; done');
    const count = async () => Number((await tspod(['exec', name, 'cat', '/tmp/n'])).stdout);
    await waitFor('some progress', async () => (await count()) > 2);
    assert.equal(await tspodOk(['pause', name]), name);
    assert.match(await statusOf(name), /Paused/);
    assert.equal(await tspodOk(['unpause', name]), name);
    assert.match(await statusOf(name), /^Up/);
    const before = await count();
    await waitFor('more progress', async () => (await count()) > before);
  });

  it('refuse what is not in the state for it', async () => {
    const name = await startSleeper();
    const unpaused = await tspod(['unpause', name]);
    assert.equal(unpaused.code, 125);
    assert.match(unpaused.stderr, /paused/);
    await tspodOk(['pause', name]);
    assert.equal((await tspod(['pause', name])).code, 125);
    const exec = await tspod(['exec', name, 'true']);
    assert.equal(exec.code, 125);
    assert.match(exec.stderr, /paused/);
    const stop = await tspod(['stop', '-t', '0', name]);
    assert.equal(stop.code, 125);
    assert.match(stop.stderr, /paused/);
    assert.equal((await tspod(['rm', name])).code, 2);
    await tspodOk(['rm', '-f', '-t', '0', name]);
    const created = freshName();
    await tspodOk(['create', '--name', created, '--network', 'none', await busyboxImage(), 'true']);
    assert.equal((await tspod(['pause', created])).code, 125);
    assert.equal((await tspod(['pause', 'nobody'])).code, 125);
  });
});

describe('a paused container that lost its monitor and what its runtime knows of it', { skip }, () => {
  it('can be removed', async () => {
    const name = await startSleeper();
    const [pid, monitor, id] = (
      await tspodOk(['inspect', '--format', '{{.State.Pid}} {{.State.ConmonPid}} {{.Id}}', name])
    ).split(' ');
    await tspodOk(['pause', name]);
    process.kill(Number(monitor), 'SIGKILL');
    const states = join(testRoot().runRoot, 'oci');
    for (const runtime of readdirSync(states))
      rmSync(join(states, runtime, id ?? ''), { recursive: true, force: true });
    await tspodOk(['rm', '-f', '-t', '0', name]);
    assert.equal(
      existsSync(`/proc/${pid}/status`) &&
        /^State:\s+[^Z]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
      false,
    );
  });
});

describe('pause without a freezer', { skip: skip === false ? 'this user has one' : false }, () => {
  it('is refused with the reason', async () => {
    const name = await startSleeper();
    const result = await tspod(['pause', name]);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /cgroup/);
    assert.match(await statusOf(name), /^Up/);
  });
});

describe('pause where a user has no freezer', { skip: skip === false && 'there is one' }, () => {
  it('is refused by name and leaves the container running', async () => {
    const name = await startSleeper();
    const paused = await tspod(['pause', name]);
    assert.equal(paused.code, 125);
    assert.match(paused.stderr, new RegExp(`cannot pause container ${name}: this user has no cgroup`));
    assert.match(await statusOf(name), /^Up/);
  });
});
