import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('the docker client', { skip: requires('docker') }, () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });
  after(() => service.stop());

  const run = (flags: string[], script: string, input?: string) =>
    service.docker(
      ['run', '--network', 'none', ...flags, BUSYBOX, 'sh', '-c', script],
      input === undefined ? {} : { input },
    );

  async function startSleeper(...flags: string[]): Promise<string> {
    const name = freshName();
    const { code, stderr } = await run(
      ['-d', '--name', name, ...flags],
      'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done',
    );
    assert.equal(code, 0, stderr);
    return name;
  }

  const output = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await service.docker(args);
    assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };

  test('runs a container: both streams, the exit code, and nothing stays with --rm', async () => {
    const { code, stdout, stderr } = await run(['--rm'], 'echo out; echo err >&2; exit 7');
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'out\n', stderr: 'err\n' });
    assert.equal(await output('ps', '-aq'), '');
  });

  test('passes its input on, and its end', async () => {
    const text = 'line\n'.repeat(50_000);
    const { code, stdout } = await run(['--rm', '-i'], 'cat | wc -c', text);
    assert.deepEqual({ code, stdout: stdout.trim() }, { code: 0, stdout: String(text.length) });
  });

  test('passes on an input that ends before the container runs', async () => {
    const { code, stdout } = await run(['--rm', '-i'], 'cat; echo over', '');
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'over\n' });
  });

  test('gets every byte of a large output', async () => {
    const { code, stdout, stderr } = await run(['--rm'], 'head -c 3000000 /dev/zero | tr "\\0" x');
    assert.deepEqual({ code, size: stdout.length, stderr }, { code: 0, size: 3_000_000, stderr: '' });
  });

  test('ends with 127 for a command that is not there, and leaves no container', async () => {
    const { code, stderr } = await service.docker(['run', '--rm', '--network', 'none', BUSYBOX, 'nosuch']);
    assert.equal(code, 127);
    assert.match(stderr, /executable file not found/);
    assert.equal(await output('ps', '-aq'), '');
  });

  test('works with a terminal: typing, the exit code, the detach keys', async () => {
    const name = freshName();
    const session = service.dockerOnTerminal([
      'run',
      '-it',
      '--network',
      'none',
      '--name',
      name,
      BUSYBOX,
      'sh',
    ]);
    await session.expect('# ');
    session.write('echo A$((1 + 1))B\r');
    await session.expect('A2B');
    session.write('\x10\x11');
    assert.equal((await session.exit).code, 0);
    const again = service.dockerOnTerminal(['attach', name]);
    await waitFor('the shell to answer', () => {
      again.write('\r');
      return /# /.test(again.screen());
    });
    again.write('exit 4\r');
    assert.equal((await again.exit).code, 4);
    await output('rm', name);
  });

  test('ends a container on a terminal by Ctrl-C', async () => {
    const session = service.dockerOnTerminal([
      ...['run', '--rm', '-it', '--network', 'none', BUSYBOX],
      ...['sh', '-c', 'trap "exit 9" INT; echo ready; while :; do sleep 0.05; done'],
    ]);
    await session.expect('ready');
    session.write('\x03');
    assert.notEqual((await session.exit).code, 0);
    assert.equal(await output('ps', '-aq'), '');
  });

  test('runs programs in a container, with and without a terminal, and learns their exit codes', async () => {
    const name = await startSleeper();
    const plain = await service.docker(['exec', name, 'sh', '-c', 'echo in; echo no >&2; exit 3']);
    assert.deepEqual({ ...plain }, { code: 3, signal: null, stdout: 'in\n', stderr: 'no\n' });
    assert.equal((await service.docker(['exec', '-i', name, 'cat'], { input: 'typed' })).stdout, 'typed');
    assert.equal((await service.docker(['exec', name, 'nosuch'])).code, 127);
    const session = service.dockerOnTerminal(['exec', '-it', name, 'sh']);
    await session.expect('# ');
    session.write('exit 6\r');
    assert.equal((await session.exit).code, 6);
    await output('exec', '-d', name, 'touch', '/made');
    await waitFor('the file', async () => (await service.docker(['exec', name, 'ls', '/made'])).code === 0);
    await output('rm', '-f', name);
  });

  test('stops, waits, starts again, kills, renames and removes', async () => {
    const name = await startSleeper();
    const waiting = service.docker(['wait', name]);
    await output('stop', '-t', '10', name);
    assert.equal((await waiting).stdout.trim(), '5');
    assert.match(
      await output('ps', '-a', '--filter', `name=${name}`, '--format', '{{.Status}}'),
      /^Exited \(5\)/,
    );
    await output('start', name);
    await output('restart', '-t', '0', name);
    const other = freshName();
    await output('rename', name, other);
    await output('kill', other);
    assert.equal(await output('wait', other), '137');
    await output('rm', other);
    assert.equal((await service.docker(['inspect', other])).code, 1);
  });

  test('pauses and thaws', { skip: requires('root') }, async () => {
    const name = await startSleeper();
    await output('pause', name);
    assert.match(await output('ps', '--filter', `name=${name}`, '--format', '{{.Status}}'), /\(Paused\)$/);
    await output('unpause', name);
    await output('rm', '-f', name);
  });

  test('shows what it asks for: inspect by template, ps by filter, top, logs', async () => {
    const name = await startSleeper('--label', 'kind=test', '-e', 'A=b', '--memory', '64m');
    const template =
      '{{.Name}} {{.State.Status}} {{.Config.Labels.kind}} {{.HostConfig.Memory}} {{.HostConfig.NetworkMode}}';
    assert.equal(await output('inspect', '-f', template, name), `/${name} running test 67108864 none`);
    assert.equal(await output('ps', '--filter', 'label=kind=test', '--format', '{{.Names}}'), name);
    assert.match(await output('top', name), /^UID\s+PID\s+PPID/);
    await waitFor('the log', async () => (await output('logs', name)) === 'up');
    assert.match(await output('logs', '-t', '--tail', '1', name), /^\d{4}-.*Z up$/);
    await output('kill', name);
    assert.equal(await output('logs', '-f', name), 'up');
    await output('rm', name);
  });

  test('is told by name what cannot be honoured', async () => {
    const { code, stderr } = await run(['--rm', '--storage-opt', 'colour=red'], 'true');
    assert.equal(code, 125);
    assert.match(stderr, /unknown --storage-opt colour=red/);
  });

  test('finds the version and facts of the engine', async () => {
    assert.equal(await output('version', '--format', '{{.Server.Os}} {{.Server.APIVersion}}'), 'linux 1.51');
    assert.match(await output('info', '--format', '{{.Driver}} {{.OSType}}'), /^\w.* linux$/);
  });
});
