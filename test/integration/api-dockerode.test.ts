import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import { create as pack } from 'tar';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { testRoot } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { withoutBridges } from '../fixtures/networks.ts';
import { startRegistry } from '../fixtures/registry.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

describe('dockerode', () => {
  let service: ApiService;
  let docker: Docker;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
    docker = new Docker({ socketPath: service.path });
  });
  after(() => service.stop());

  const none = { NetworkMode: 'none' };
  const running = async (command: string[], more: Docker.ContainerCreateOptions = {}) => {
    const container = await docker.createContainer({
      Image: BUSYBOX,
      Cmd: command,
      HostConfig: none,
      StopSignal: 'SIGKILL',
      ...more,
    });
    await container.start();
    return container;
  };
  /** What both streams said, apart. */
  const split = async (stream: NodeJS.ReadableStream): Promise<[string, string]> => {
    const [out, err] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, out, err);
    stream.on('end', () => {
      out.end();
      err.end();
    });
    return await Promise.all([text(out), text(err)]);
  };

  test('runs a program and gets its output and exit code', async () => {
    const output = new PassThrough();
    const said = text(output);
    const [result, container] = (await docker.run(BUSYBOX, ['sh', '-c', 'echo hello; exit 3'], output, {
      HostConfig: none,
      Tty: true,
    })) as [{ StatusCode: number }, Docker.Container];
    assert.equal(result.StatusCode, 3);
    assert.equal(await said, 'hello\r\n');
    await container.remove();
  });

  test('makes a container again of what inspect tells of it, as tools that renew containers do', async () => {
    const HostConfig = {
      ...none,
      Binds: ['/tmp:/b:ro'],
      Tmpfs: { '/c': '' },
      ...(isRoot() ? { Memory: 64 << 20, NanoCpus: 1_500_000_000 } : {}),
      CapAdd: ['NET_ADMIN'],
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    };
    const first = await docker.createContainer({
      Image: BUSYBOX,
      Cmd: ['true'],
      Volumes: { '/a': {} },
      HostConfig,
    });
    const told = await first.inspect();
    const second = await docker.createContainer({
      ...(told.Config as Docker.ContainerCreateOptions),
      HostConfig: told.HostConfig,
    });
    assert.deepEqual((await second.inspect()).HostConfig, told.HostConfig);
    await second.remove({ v: true });
    await first.remove({ v: true });
  });

  test('takes stdout and stderr of an exec apart, writes to its input and learns its exit code', async () => {
    const container = await running(['sleep', '1000']);
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'read line; echo got $line; echo bad >&2; exit 4'],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    const said = split(stream);
    stream.write('this\n');
    assert.deepEqual(await said, ['got this\n', 'bad\n']);
    assert.equal((await exec.inspect()).ExitCode, 4);
    await container.remove({ force: true });
  });

  test('reads logs in one piece and as they come', async () => {
    const container = await running(['sh', '-c', 'echo one; echo two >&2; sleep 1; echo three']);
    const followed = await container.logs({ follow: true, stdout: true, stderr: true });
    assert.deepEqual(await split(followed), ['one\nthree\n', 'two\n']);
    const all = await container.logs({ stdout: true, stderr: false });
    assert.match(all.toString(), /one\n.*three\n$/s);
    await container.remove();
  });

  test('reads stats once and as a stream', async () => {
    const container = await running(['sleep', '1000']);
    const once = await container.stats({ stream: false });
    assert.equal(once.id, container.id);
    const stream = (await container.stats({ stream: true })) as unknown as Readable;
    const [chunk] = (await eventOf(stream, 'data')) as [Buffer];
    assert.equal((JSON.parse(chunk.toString()) as { id: string }).id, container.id);
    stream.destroy();
    await container.remove({ force: true });
  });

  test('pulls from a registry and sees the progress', { skip: requires('docker-registry') }, async () => {
    const registry = await startRegistry();
    const name = `${registry.host}/shop/bb`;
    await docker.getImage(BUSYBOX).tag({ repo: name, tag: '1' });
    const follow = (stream: NodeJS.ReadableStream): Promise<{ status?: string; error?: string }[]> =>
      new Promise((resolve, reject) => {
        docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines)));
      });
    await follow(await docker.getImage(`${name}:1`).push({ authconfig: {} }));
    await docker.getImage(`${name}:1`).remove();
    const lines = await follow(await docker.pull(`${name}:1`));
    assert.ok(
      lines.some(({ status }) => /Downloaded newer image|up to date/.test(status ?? '')),
      JSON.stringify(lines),
    );
    assert.ok((await docker.getImage(`${name}:1`).inspect()).RepoTags.includes(`${name}:1`));
    await assert.rejects(docker.pull(`${name}:none`), /manifest unknown/);
    await registry.stop();
  });

  test('builds from a context that it packs, and from a stream', async () => {
    const context = join(testRoot().base, 'context');
    mkdirSync(context);
    writeFileSync(
      join(context, 'Dockerfile'),
      `FROM ${BUSYBOX}\nARG WORD\nCOPY word /word\nLABEL said=$WORD\n`,
    );
    writeFileSync(join(context, 'word'), 'packed');
    const tag = `localhost/${freshName('built')}`;
    const build = async (input: Parameters<Docker['buildImage']>[0]): Promise<string> => {
      const stream = await docker.buildImage(input, { t: tag, buildargs: { WORD: 'loud' } });
      return await text(stream as Readable);
    };
    assert.match(await build({ context, src: ['Dockerfile', 'word'] }), /Successfully built/);
    assert.equal((await docker.getImage(tag).inspect()).Config.Labels['said'], 'loud');
    assert.match(await build(packed(context)), /Using cache/);
    await docker.getImage(tag).remove();
  });

  test('copies files in and out', async () => {
    const container = await docker.createContainer({ Image: BUSYBOX, HostConfig: none });
    const folder = join(testRoot().base, 'files');
    mkdirSync(folder);
    writeFileSync(join(folder, 'note'), 'kept');
    await container.putArchive(packed(folder), { path: '/tmp' });
    const archive = await buffer(await container.getArchive({ path: '/tmp/note' }));
    assert.equal(archive.subarray(512, 516).toString(), 'kept');
    await container.remove();
  });

  test('attaches, writes and goes: the input stays open for the next unless it is for one only', async () => {
    const talk = async (container: Docker.Container, word: string): Promise<void> => {
      const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
      stream.write(`${word}\n`);
      const said = await eventOf(stream, 'data');
      assert.match(String(said[0]), new RegExp(`said ${word}`));
      stream.end();
      stream.resume();
      if (word === 'first') (stream as unknown as { destroy(): void }).destroy();
    };
    const command = ['sh', '-c', 'while read line; do echo said $line; done; echo over'];
    const container = await running(command, { OpenStdin: true });
    await talk(container, 'first');
    await talk(container, 'second');
    assert.equal((await container.inspect()).State.Running, true);
    await container.remove({ force: true });
    const single = await running(command, { OpenStdin: true, StdinOnce: true });
    await talk(single, 'only');
    assert.deepEqual(await single.wait(), { StatusCode: 0 });
    await single.remove();
  });

  test('publishes a random port on a network of its own and finds it by inspect', {
    skip: withoutBridges(),
  }, async () => {
    const network = await docker.createNetwork({ Name: freshName('net'), CheckDuplicate: true });
    const container = await running(['sh', '-c', 'echo page > /index.html; exec httpd -f -p 80 -h /'], {
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '0' }] }, NetworkMode: network.id },
      NetworkingConfig: { EndpointsConfig: { [network.id]: { Aliases: ['shop'] } } },
    });
    const { NetworkSettings } = await container.inspect();
    const port = NetworkSettings.Ports['80/tcp']?.[0]?.HostPort;
    const other = await running(['sh', '-c', 'until wget -q -O - http://shop/; do sleep 0.2; done'], {
      HostConfig: { NetworkMode: network.id },
    });
    assert.deepEqual(await other.wait(), { StatusCode: 0 });
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'page\n');
    const inspected = (await network.inspect()) as { Containers: Record<string, unknown> };
    assert.deepEqual(Object.keys(inspected.Containers), [container.id]);
    await other.remove();
    await container.remove({ force: true });
    await network.remove();
  });

  test('hears events of what it asks for only', async () => {
    const name = freshName();
    const events = (await docker.getEvents({
      filters: { container: [name], event: ['create', 'destroy'] },
    })) as unknown as Readable;
    const heard: string[] = [];
    const done = new Promise<void>((resolve) => {
      events.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().trim().split('\n'))
          heard.push((JSON.parse(line) as { Action: string }).Action);
        if (heard.length >= 2) resolve();
      });
    });
    for (const each of [name, freshName()])
      await (await docker.createContainer({ name: each, Image: BUSYBOX, HostConfig: none })).remove();
    await done;
    events.destroy();
    assert.deepEqual(heard, ['create', 'destroy']);
  });

  test('a seccomp profile that comes as its text is kept, and masked paths take the place of the default ones', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    };
    const script = 'mkdir /made && exit 5; cat /proc/kcore >/dev/null && exit 6; cat /proc/version; exit 0';
    const container = await docker.createContainer({
      Image: BUSYBOX,
      Cmd: ['sh', '-c', script],
      HostConfig: {
        ...none,
        SecurityOpt: [`seccomp=${JSON.stringify(profile)}`],
        MaskedPaths: ['/proc/kcore', '/proc/version'],
      } as Docker.HostConfig,
    });
    await container.start();
    assert.deepEqual(await container.wait(), { StatusCode: 0 });
    const logs = await container.logs({ stdout: true, stderr: true });
    assert.match(logs.toString(), /can't create directory '\/made'/);
    assert.doesNotMatch(logs.toString(), /Linux version/);
    const { HostConfig } = (await container.inspect()) as unknown as {
      HostConfig: { MaskedPaths: string[]; SecurityOpt: string[] };
    };
    assert.deepEqual(HostConfig.MaskedPaths, ['/proc/kcore', '/proc/version']);
    assert.match(HostConfig.SecurityOpt.join(), /SCMP_ACT_ALLOW/);
    await container.remove();
    const Runtime = 'no-such-runtime';
    await assert.rejects(
      docker.createContainer({ Image: BUSYBOX, HostConfig: { Runtime } }),
      /no-such-runtime/,
    );
  });
});

function packed(folder: string): NodeJS.ReadableStream {
  return pack({ cwd: folder, portable: true }, ['.']) as unknown as NodeJS.ReadableStream;
}

function eventOf(emitter: NodeJS.ReadableStream, name: string): Promise<unknown[]> {
  return once(emitter as Readable, name, { signal: AbortSignal.timeout(60_000) });
}
