import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testEnvironment, testRoot, tspodOk } from '../fixtures/harness.ts';
import { isRoot, programPath, requires } from '../fixtures/requires.ts';

describe('podman --remote', { skip: requires('podman') }, () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });
  after(() => service.stop());

  const podman = (args: string[], input?: string) =>
    runProgram(programPath('podman'), ['--remote', '--url', service.uri, ...args], {
      env: testEnvironment(),
      ...(input === undefined ? {} : { input }),
    });
  const run = (flags: string[], script: string, input?: string) =>
    podman(['run', '--network', 'none', ...flags, BUSYBOX, 'sh', '-c', script], input);

  test('runs a container: both streams, input, the exit code, and nothing stays with --rm', async () => {
    const { code, stdout, stderr } = await run(['--rm', '-i'], 'cat; echo err >&2; exit 7', 'typed');
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'typed', stderr: 'err\n' });
    assert.equal((await podman(['ps', '--all', '--quiet'])).stdout, '');
  });

  test('ends with 127 for a command that is not there', async () => {
    const { code } = await podman(['run', '--rm', '--network', 'none', BUSYBOX, 'nosuch']);
    assert.equal(code, 127);
  });

  test('lists, inspects, runs programs in, shows logs of, stops and removes', async () => {
    const name = freshName();
    const flags = ['-d', '--name', name, '-e', 'A=b', '-v', '/usr:/host:ro', '--label', 'k=v'];
    assert.equal((await run(flags, 'echo up; exec sleep 1000')).code, 0);
    assert.equal((await podman(['ps', '--format', '{{.Names}} {{.Labels.k}}'])).stdout.trim(), `${name} v`);
    const inside = await podman([
      'exec',
      name,
      'sh',
      '-c',
      'echo $A; ls -d /host/bin; touch /host/x || exit 3',
    ]);
    assert.deepEqual([inside.code, inside.stdout], [3, 'b\n/host/bin\n']);
    assert.equal((await podman(['logs', name])).stdout, 'up\n');
    assert.equal((await podman(['inspect', '--format', '{{.State.Status}}', name])).stdout, 'running\n');
    assert.equal((await podman(['stop', '--time', '0', name])).code, 0);
    assert.equal((await podman(['wait', name])).stdout, '137\n');
    assert.equal((await podman(['rm', name])).code, 0);
    assert.equal((await podman(['container', 'exists', name])).code, 1);
  });

  test('makes a pod, runs in it, lists, stops and removes it', async () => {
    const pod = freshName('pod');
    const created = await podman(['pod', 'create', '--name', pod, '--network', 'none']);
    assert.equal(created.code, 0, created.stderr);
    const { stdout } = await podman(['run', '--rm', '--pod', pod, BUSYBOX, 'hostname']);
    assert.equal(stdout, `${pod}\n`);
    const listed = await podman(['pod', 'ps', '--format', '{{.Name}} {{.Status}} {{.NumberOfContainers}}']);
    assert.equal(listed.stdout, `${pod} Running 1\n`);
    assert.equal((await podman(['pod', 'inspect', '--format', '{{.State}}', pod])).stdout, 'Running\n');
    const figures = await podman(['pod', 'stats', '--no-stream', '--format', '{{.Name}} {{.PIDS}}', pod]);
    assert.match(figures.stdout, /infra \d+\n$/, figures.stderr);
    assert.equal((await podman(['pod', 'stop', pod])).code, 0);
    assert.equal((await podman(['pod', 'start', pod])).code, 0);
    assert.equal((await podman(['pod', 'rm', '--force', pod])).code, 0);
    assert.equal((await podman(['pod', 'exists', pod])).code, 1);
  });

  test('finds images, the version and facts', async () => {
    assert.match(
      (await podman(['images', '--format', '{{.Repository}}:{{.Tag}}'])).stdout,
      new RegExp(`^${BUSYBOX}$`, 'm'),
    );
    assert.equal((await podman(['image', 'exists', BUSYBOX])).code, 0);
    assert.equal((await podman(['image', 'exists', 'localhost/nosuch'])).code, 1);
    assert.equal((await podman(['version', '--format', '{{.Server.OsArch}}'])).stdout.split('/')[0], 'linux');
    assert.equal((await podman(['info', '--format', '{{.Host.OS}}'])).stdout, 'linux\n');
  });

  test('makes, lists, inspects and removes volumes and networks', async () => {
    const name = freshName('thing');
    const ok = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await podman(args);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    assert.equal(await ok('volume', 'create', '--label', 'k=v', name), name);
    assert.equal(await ok('volume', 'inspect', '--format', '{{.Labels.k}}', name), 'v');
    assert.match(await ok('volume', 'ls', '--quiet'), new RegExp(`^${name}$`, 'm'));
    assert.equal((await podman(['volume', 'exists', `${name}x`])).code, 1);
    await ok('volume', 'rm', name);
    const subnet = '10.211.7.0/24';
    assert.equal(await ok('network', 'create', '--subnet', subnet, '--label', 'k=v', name), name);
    assert.match(await ok('network', 'inspect', name), /10\.211\.7\.0\/24/);
    assert.match(
      await ok('network', 'ls', '--filter', 'label=k=v', '--format', '{{.Name}}'),
      new RegExp(name),
    );
    const member = await ok('create', '--network', 'none', BUSYBOX);
    await ok('rm', member);
    await ok('network', 'rm', name);
    assert.equal((await podman(['network', 'exists', name])).code, 1);
  });

  test('builds, tags, shows the history of and removes an image', async () => {
    const folder = join(testRoot().base, 'podman-build');
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'Containerfile'),
      `FROM ${BUSYBOX}\nARG WORD\nCOPY word /word\nLABEL said=$WORD\n`,
    );
    writeFileSync(join(folder, 'word'), 'packed');
    const tag = `localhost/${freshName('built')}`;
    const { code, stdout, stderr } = await podman([
      'build',
      '--build-arg',
      'WORD=loud',
      '--label',
      'l=m',
      '-t',
      tag,
      folder,
    ]);
    assert.equal(code, 0, stderr);
    const id = stdout.trim().split('\n').at(-1) ?? '';
    assert.match(id, /^[0-9a-f]{64}$/);
    const labels = await podman(['image', 'inspect', '--format', '{{.Labels.said}} {{.Labels.l}}', tag]);
    assert.equal(labels.stdout, 'loud m\n');
    assert.equal((await podman(['tag', tag, `${tag}:2`])).code, 0);
    assert.match((await podman(['history', tag])).stdout, /LABEL/);
    assert.match((await podman(['image', 'tree', tag])).stdout, new RegExp(`Top Layer of: \\[${tag}`));
    assert.equal((await podman(['image', 'diff', tag])).stdout, 'A /word\n');
    assert.equal((await podman(['rmi', tag, `${tag}:2`])).code, 0);
  });

  test('hears events in its own words', async () => {
    const since = new Date(Date.now() - 1000).toISOString();
    const name = freshName();
    await podman(['create', '--network', 'none', '--name', name, BUSYBOX]);
    await podman(['update', '--cpu-shares', '200', name]);
    const shares = '{{.HostConfig.CpuShares}}';
    // Users without cgroups of their own set no limits.
    if (isRoot()) assert.equal(await tspodOk(['inspect', '--format', shares, name]), '200');
    await podman(['rm', name]);
    const { stdout, stderr } = await podman([
      ...['events', '--stream=false', '--since', since, '--filter', `container=${name}`],
      ...['--format', '{{.Status}}'],
    ]);
    assert.equal(stdout, 'create\nremove\n', stderr);
  });

  test('a wait ends with its client', async () => {
    const name = freshName();
    assert.equal((await run(['-d', '--name', name], 'exec sleep 1000')).code, 0);
    for (const condition of ['stopped', 'paused']) {
      const client = await service.connect();
      client.write(`POST /libpod/containers/${name}/wait?condition=${condition} HTTP/1.1\r\nHost: d\r\n\r\n`);
      await once(client, 'data');
      client.destroy();
    }
    await podman(['rm', '--force', '--time', '0', name]);
    assert.equal((await service.request('GET', '/libpod/_ping')).status, 200);
  });

  test('is told by name what cannot be honoured', async () => {
    const { code, stderr } = await podman([
      ...['create', '--network', 'none', '--passwd-entry', 'x', BUSYBOX],
    ]);
    assert.equal(code, 125);
    assert.match(stderr, /passwd_entry in the specification of a container is not supported/);
  });
});
