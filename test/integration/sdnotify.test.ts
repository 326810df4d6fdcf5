import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** A socket as the service manager has it; `said` is all that came. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    with open(sys.argv[2], "ab", 0) as f: f.write(s.recv(4096))
`;

async function withManager(
  body: (env: Record<string, string>, said: () => string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tspod-notify-'));
  const socket = join(directory, 'socket');
  const heard = join(directory, 'heard');
  const listener = spawn('python3', ['-c', LISTENER, socket, heard]);
  try {
    await waitFor('the socket', () => Promise.resolve(existsSync(socket)));
    await body({ NOTIFY_SOCKET: socket }, () => (existsSync(heard) ? readFileSync(heard, 'utf8') : ''));
  } finally {
    listener.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

const monitorOf = (name: string): Promise<string> => tspodOk(['inspect', '-f', '{{.State.ConmonPid}}', name]);
const SLEEP = 'trap "exit 0" TERM; while :; do sleep 1 & wait; done';

describe('--sdnotify', () => {
  it('conmon: the monitor is the main process, and ready at the start', async () => {
    await withManager(async (env, said) => {
      const name = await startScript(['--sdnotify', 'conmon'], `echo "$NOTIFY_SOCKET"; ${SLEEP}`, { env });
      const expected = `MAINPID=${await monitorOf(name)}\nREADY=1\n`;
      await waitFor('both messages', () => Promise.resolve(said() === expected));
      assert.equal((await tspodOk(['logs', name])).trim(), '');
    });
  });

  it('container: the program finds a socket, and only what is harmless passes', async () => {
    await withManager(async (env, said) => {
      const name = await startScript([], `test -S "$NOTIFY_SOCKET" && echo found; ${SLEEP}`, { env });
      const main = `MAINPID=${await monitorOf(name)}\n`;
      await waitFor('the main process', () => Promise.resolve(said() === main));
      await waitFor('the socket in the container', async () => (await tspodOk(['logs', name])) === 'found');
    });
  });

  it('healthy: ready with the first healthy check', async () => {
    await withManager(async (env, said) => {
      const flags = ['--sdnotify', 'healthy', '--health-cmd', 'test -e /up', '--health-interval', '100ms'];
      const name = await startScript(flags, SLEEP, { env });
      await waitFor('the main process', () => Promise.resolve(said().startsWith('MAINPID=')));
      assert.doesNotMatch(said(), /READY/);
      await tspodOk(['exec', name, 'touch', '/up']);
      await waitFor('READY=1', () => Promise.resolve(said().endsWith('READY=1\n')));
    });
  });

  it('ignore: nobody says anything', async () => {
    await withManager(async (env, said) => {
      const name = await startScript(['--sdnotify', 'ignore'], `echo "x$NOTIFY_SOCKET"; ${SLEEP}`, { env });
      await waitFor('the output', async () => (await tspodOk(['logs', name])) === 'x');
      assert.equal(said(), '');
    });
  });

  it('kube play as a service: ready when all of the pod runs, and it ends with the last container', async () => {
    const image = await busyboxImage();
    const text = (name: string, command: string) =>
      `kind: Pod\nmetadata: {name: ${name}}\nspec:\n  restartPolicy: Never\n  initContainers: [{name: i, image: ${image}, command: [sh, -c, "sleep 1"]}]\n  containers: [{name: c, image: ${image}, command: ["${command}", "1000"]}]\n`;
    const play = ['kube', 'play', '--network', 'none', '--service-container=true', '-'];
    await withManager(async (env, said) => {
      const name = freshName('served');
      const child = spawnTspod(play, { env });
      child.write(text(name, 'sleep'));
      child.endInput();
      await waitFor('the main process', () => /^MAINPID=\d+\n$/.test(said()));
      assert.equal((await child.exit).code, 0);
      await waitFor('READY=1', () => said().endsWith('READY=1\n'));
      const infra = await tspodOk(['pod', 'inspect', '-f', '{{.InfraContainerID}}', name]);
      const monitor = Number(await monitorOf(infra));
      assert.equal(said().split('\n')[0], `MAINPID=${monitor}`);
      await tspodOk(['kill', `${name}-c`]);
      await waitFor('the monitor to end', () => !existsSync(`/proc/${monitor}`));
      const down = ['kube', 'down', '--service-exit-code-propagation=any', '-'];
      assert.equal((await tspod(down, { input: text(name, 'sleep') })).code, 1);
    });
    await withManager(async (env, said) => {
      const [first, second] = [freshName('first'), freshName('second')];
      const both = `${text(first, 'true')}---\n${text(second, 'sleep')}`;
      await tspodOk(play, { env, input: both });
      await waitFor('READY=1', () => said().endsWith('READY=1\n'));
      const [, monitor = ''] = /^MAINPID=(\d+)\nREADY=1\n$/.exec(said()) ?? [];
      const state = (name: string) => tspodOk(['pod', 'inspect', '-f', '{{.State}}', name]);
      await waitFor('the first to end', async () => !(await tspodOk(['ps', '-q', '-f', `name=${first}-c`])));
      assert.equal(
        await monitorOf(await tspodOk(['pod', 'inspect', '-f', '{{.InfraContainerID}}', first])),
        monitor,
      );
      assert.ok(existsSync(`/proc/${monitor}`));
      await tspodOk(['kill', `${second}-c`]);
      await waitFor('the monitor to end', () => !existsSync(`/proc/${monitor}`));
      assert.deepEqual([await state(first), await state(second)], ['Exited', 'Exited']);
      // One of them has not failed.
      await tspodOk(['kube', 'down', '--service-exit-code-propagation=all', '-'], { input: both });
    });
    await withManager(async (env, said) => {
      const failed = await tspod(play, { env, input: text(freshName('failed'), '/nowhere') });
      assert.equal(failed.code, 127);
      assert.doesNotMatch(said(), /READY/);
      assert.equal(await tspodOk(['pod', 'ps', '-q']), '');
    });
  });
});
