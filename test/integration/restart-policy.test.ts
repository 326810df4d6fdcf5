import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { join } from 'node:path';
import { tryAcquireLock } from '../../src/native/kernel-lock.ts';
import {
  exists,
  freshName,
  letGo,
  startScript,
  startSleeper,
  statusOf,
  waitForStatus,
} from '../fixtures/containers.ts';
import { processesOfContainer, query } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { processesOf as processesOfRoot, type RootProcess } from '../fixtures/harness-leaks.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';

async function stateOf(name: string, format: string): Promise<string> {
  return await tspodOk(['inspect', '-f', format, name]);
}

/** A container that ends at once, in the wait for one of its later restarts; and the pid of its monitor. */
async function startRestless(): Promise<{ name: string; monitor: number }> {
  const name = freshName();
  const flags = ['--name', name, '--network', 'none', '--restart', 'always'];
  await tspodOk(['run', '-d', ...flags, await busyboxImage(), 'sh', '-c', 'exit 3']);
  const id = await stateOf(name, '{{.Id}}');
  const monitor = await waitFor(
    'a long wait, and only its monitor there: no engine',
    async () => {
      const [restarting, count] = (await stateOf(name, '{{.State.Restarting}} {{.RestartCount}}')).split(' ');
      if (restarting !== 'true' || Number(count) < 4) return undefined;
      const [first, ...others] = processesOf(id);
      return others.length === 0 ? first : undefined;
    },
    120_000,
  );
  return { name, monitor };
}

/** Processes that name the container: its monitor, and an engine that cleans up after it. */
function processesOf(id: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(id);
      } catch {
        return false;
      }
    });
}

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe('a container that waits for its restart', () => {
  it('is watched by its monitor alone, which stop ends', async () => {
    const { name, monitor } = await startRestless();
    assert.ok(isThere(monitor));
    await tspodOk(['stop', name]);
    await waitFor('the end of the monitor', () => Promise.resolve(!isThere(monitor)));
    assert.match(await statusOf(name), /^Exited \(3\)/);
    assert.equal(await stateOf(name, '{{.State.Restarting}}'), 'false');
    const told = ['events', '--stream=false', '--filter', `container=${name}`, '--format', '{{.Status}}'];
    assert.equal((await tspodOk(told)).split('\n').at(-1), 'stop');
    await tspodOk(['rm', name]);
  });

  it('can be removed', async () => {
    const { name, monitor } = await startRestless();
    await tspodOk(['rm', name]);
    await waitFor('the end of the monitor', () => Promise.resolve(!isThere(monitor)));
    assert.equal(await exists(name), false);
  });
});

describe('a restart', () => {
  it('is done although the command that was to do it is killed', async () => {
    const name = freshName();
    const script = 'until [ -e /go ]; do sleep 0.1; done; rm /go; exit 3';
    await startScript(['--name', name, '--restart', 'on-failure:5'], script);
    const id = await stateOf(name, '{{.Id}}');
    const isCleanup = ({ command }: RootProcess): boolean =>
      command.endsWith(`container cleanup --restarts 0 ${id}`);
    const cleanup = async (other?: number): Promise<number> =>
      await waitFor(
        'the clean-up',
        () => processesOfRoot(testRoot()).find((each) => isCleanup(each) && each.pid !== other)?.pid,
      );
    // While we hold the lock, the clean-up waits.
    const lock = tryAcquireLock(join(testRoot().runRoot, 'locks', `container-${id}.lock`), {
      mode: 'exclusive',
      what: name,
    });
    assert.ok(lock);
    await letGo(name);
    const first = await cleanup();
    process.kill(first, 'SIGKILL');
    const second = await cleanup(first);
    process.kill(second, 'SIGKILL');
    lock.release();
    await waitFor(
      'the restart',
      async () => (await stateOf(name, '{{.State.Running}} {{.RestartCount}}')) === 'true 1',
    );
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('whose monitor was killed is done by the next command that looks', async () => {
    const { name, monitor } = await startRestless();
    process.kill(monitor, 'SIGKILL');
    // No command may look: it would begin the restart.
    const counted = query(testRoot(), 'SELECT restart_count FROM containers WHERE name = ?', name);
    const count = Number(counted[0]?.['restart_count']);
    await waitFor(
      'the restart',
      async () => {
        await tspodOk(['ps']);
        return Number(await stateOf(name, '{{.RestartCount}}')) > count;
      },
      30_000,
    );
    await tspodOk(['rm', '-f', name]);
  });

  it('brings back what has ended after its monitor was killed, unless nobody knows whether it has failed', async () => {
    for (const policy of ['always', 'on-failure']) {
      const name = await startSleeper(['--restart', policy]);
      const { monitor, process: pid } = processesOfContainer(testRoot(), await stateOf(name, '{{.Id}}'));
      process.kill(monitor, 'SIGKILL');
      await waitFor('the end of the monitor', () => Promise.resolve(!isThere(monitor)));
      process.kill(pid, 'SIGKILL');
      const expected = policy === 'always' ? 'true 1 0' : 'false 0 -1';
      await waitFor(
        expected,
        async () =>
          (await stateOf(name, '{{.State.Running}} {{.RestartCount}} {{.State.ExitCode}}')) === expected,
      );
      await tspodOk(['rm', '-f', '-t', '0', name]);
    }
  });

  it('does not come after a policy that was given when it had ended', async () => {
    const name = freshName();
    await tspodOk(['run', '--name', name, '--network', 'none', await busyboxImage(), 'true']);
    await tspodOk(['update', '--restart', 'always', name]);
    assert.equal(await stateOf(name, '{{.State.Status}} {{.State.Restarting}}'), 'exited false');
    await tspodOk(['rm', name]);
  });
});

describe('system boot', () => {
  it('starts what docker would start after a boot, and nothing else', async () => {
    const stopped: Record<string, string> = {};
    for (const policy of ['no', 'on-failure', 'always', 'unless-stopped']) {
      stopped[policy] = await startSleeper(['--restart', policy]);
      await tspodOk(['stop', '-t', '0', stopped[policy]]);
    }
    const fresh = freshName();
    await tspodOk([
      'create',
      '--name',
      fresh,
      '--network',
      'none',
      '--restart',
      'always',
      await busyboxImage(),
      'true',
    ]);
    const started = await tspodOk(['system', 'boot']);
    assert.deepEqual(started.split('\n'), [stopped['always']]);
    assert.match(await statusOf(stopped['always'] ?? ''), /^Up/);
    assert.match(await statusOf(stopped['unless-stopped'] ?? ''), /^Exited/);
    assert.match(await statusOf(fresh), /^Created/);
    assert.equal(await tspodOk(['system', 'boot']), '');
    await tspodOk(['rm', '-f', '-t', '0', stopped['always'] ?? '']);
  });

  it('starts what --stop has stopped, and first what others depend on', async () => {
    const donor = await startSleeper();
    const joined = await startSleeper(['--restart', 'unless-stopped', '--network', `container:${donor}`]);
    const plain = await startSleeper();
    const down = await tspodOk(['system', 'boot', '--stop']);
    assert.deepEqual(down.split('\n').sort(), [donor, joined, plain].sort());
    assert.match(await statusOf(joined), /^Exited/);
    assert.deepEqual((await tspodOk(['system', 'boot'])).split('\n'), [donor, joined]);
    await waitForStatus(joined, /^Up/);
    assert.match(await statusOf(plain), /^Exited/);
    await tspodOk(['rm', '-f', '-t', '0', joined, donor]);
  });
});
