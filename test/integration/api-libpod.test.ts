import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { createScript, freshName, startScript } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testEnvironment, testRoot, tspodOk } from '../fixtures/harness.ts';
import { buildTar } from '../fixtures/images.ts';
import { startRegistry } from '../fixtures/registry.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let service: ApiService;

describe('the service', () => {
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });

  after(() => service.stop());

  describe('podman --remote', { skip: requires('podman') }, () => {
    const podman = (args: string[]) =>
      runProgram(programPath('podman'), ['--remote', '--url', service.uri, ...args], {
        env: testEnvironment(),
      });
    const ok = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await podman(args);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };

    test('keeps secrets', async () => {
      const name = freshName('secret');
      const file = join(testRoot().base, 'secret-words');
      writeFileSync(file, 'words');
      await ok('secret', 'create', name, file);
      assert.match(
        await ok('secret', 'ls', '--format', '{{.Name}} {{.Driver}}'),
        new RegExp(`^${name} file$`, 'm'),
      );
      assert.equal(await ok('secret', 'inspect', '--format', '{{.Spec.Name}}', name), name);
      assert.equal(
        await tspodOk([
          'run',
          '--rm',
          '--network',
          'none',
          '--secret',
          name,
          BUSYBOX,
          'cat',
          `/run/secrets/${name}`,
        ]),
        'words',
      );
      const script = `stat -c %a /run/secrets/other; cat /run/secrets/other; echo " $WORDS"`;
      assert.equal(
        await ok(
          ...['run', '--rm', '--network', 'none', '--secret', `${name},target=other,mode=0400`],
          ...['--secret', `${name},type=env,target=WORDS`, BUSYBOX, 'sh', '-c', script],
        ),
        '400\nwords words',
      );
      await ok('secret', 'rm', name);
      assert.notEqual((await podman(['secret', 'inspect', name])).code, 0);
    });

    test('copies files, shows what has changed, exports, measures', async () => {
      const name = await startScript([], 'echo x > /new; sleep 600');
      await waitFor('the file', async () => /^A \/new$/m.test(await ok('diff', name)));
      const place = join(testRoot().base, 'podman-cp');
      mkdirSync(place);
      writeFileSync(join(place, 'file'), 'content');
      await ok('cp', join(place, 'file'), `${name}:/file`);
      await ok('cp', `${name}:/file`, join(place, 'back'));
      assert.equal(readFileSync(join(place, 'back'), 'utf8'), 'content');
      await ok('export', '-o', join(place, 'all.tar'), name);
      assert.ok(readFileSync(join(place, 'all.tar')).includes('new'));
      assert.match(
        await ok('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', name),
        new RegExp(`^${name} [12]$`),
      );
      assert.match(await ok('system', 'df', '--format', '{{.Type}} {{.Total}}'), /^Containers [1-9]/m);
      assert.match(await ok('generate', 'systemd', name), /ExecStart=.* start /);
      await tspodOk(['rm', '--force', '--time', '0', name]);
    });

    test('checks health', async () => {
      const name = await startScript(
        ['--health-cmd', 'test -e /well', '--health-interval', 'disable', '--health-retries', '1'],
        'sleep 600',
      );
      assert.match((await podman(['healthcheck', 'run', name])).stdout, /unhealthy/);
      await ok('exec', name, 'touch', '/well');
      assert.equal((await podman(['healthcheck', 'run', name])).stdout.trim().replace(/^healthy$/, ''), '');
      await tspodOk(['rm', '--force', '--time', '0', name]);
    });

    test('saves, loads, imports, renames and prunes images', async () => {
      const place = join(testRoot().base, 'podman-images');
      mkdirSync(place);
      const name = `localhost/${freshName('image')}:1`;
      await ok('tag', BUSYBOX, name);
      for (const format of ['docker-archive', 'oci-archive']) {
        const archive = join(place, format);
        await ok('save', '-q', '--format', format, '-o', archive, name);
        await ok('untag', name, name);
        assert.match(await ok('load', '-i', archive), new RegExp(name));
      }
      const files = join(place, 'files.tar');
      writeFileSync(files, buildTar([{ name: 'a', content: 'x' }]));
      await ok('import', files, 'localhost/imported:1');
      assert.equal(await ok('image', 'exists', 'localhost/imported:1'), '');
      await ok('untag', 'localhost/imported:1');
      assert.match(await ok('image', 'prune', '--force'), /^[0-9a-f]{64}$/m);
    });

    test('pushes images and manifest lists', { skip: requires('docker-registry') }, async () => {
      const registry = await startRegistry();
      try {
        await ok('push', '--tls-verify=false', BUSYBOX, `${registry.host}/pushed:1`);
        const list = `localhost/${freshName('list')}:1`;
        await ok('manifest', 'create', list);
        await ok('manifest', 'add', '--tls-verify=false', list, `docker://${registry.host}/pushed:1`);
        assert.equal(await ok('manifest', 'exists', list), '');
        const { manifests } = JSON.parse(await ok('manifest', 'inspect', list)) as {
          manifests: { digest: string }[];
        };
        assert.equal(manifests.length, 1);
        const annotated = await service.request(
          'PUT',
          `/v5.0.0/libpod/manifests/${encodeURIComponent(list)}`,
          {
            operation: 'annotate',
            images: [manifests[0]?.digest],
            variant: 'v9',
          },
        );
        assert.equal(annotated.status, 200, annotated.text);
        assert.match(await ok('manifest', 'inspect', list), /"variant": "v9"/);
        await ok('manifest', 'push', '--tls-verify=false', '--all', list, `docker://${registry.host}/list:1`);
        const answer = await fetch(`${registry.url}/v2/list/manifests/1`, {
          headers: {
            Accept:
              'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json',
          },
        });
        assert.match(await answer.text(), /"manifests"/);
        await ok('manifest', 'remove', list, manifests[0]?.digest ?? '');
        await ok('manifest', 'rm', list);
        assert.equal((await podman(['manifest', 'exists', list])).code, 1);
      } finally {
        await registry.stop();
      }
    });
  });

  describe('the libpod API', () => {
    test('updates health check and ulimits as the command line does', async () => {
      const name = await startScript([], 'trap "exit 0" TERM; while :; do sleep 1 & wait; done');
      const update = (body: object) =>
        service.request('POST', `/v5.0.0/libpod/containers/${name}/update`, body);
      const health = async () => await tspodOk(['inspect', '-f', '{{.State.Health.Status}}', name]);
      const answer = await update({
        health_cmd: 'test -e /good',
        health_interval: '100ms',
        health_retries: 1,
        health_on_failure: 'none',
        health_max_log_count: 2,
        r_limits: [{ type: 'RLIMIT_NOFILE', soft: 98, hard: 99 }],
      });
      assert.equal(answer.status, 201, answer.text);
      await waitFor('the new check to fail', async () => (await health()) === 'unhealthy');
      await tspodOk(['exec', name, 'touch', '/good']);
      await waitFor('it to succeed', async () => (await health()) === 'healthy');
      const kept = '{{.Config.HealthcheckMaxLogCount}} {{json .Config.Healthcheck}}';
      assert.match(await tspodOk(['inspect', '-f', kept, name]), /^2 .*test -e \/good.*"Retries":1/);
      await tspodOk(['restart', '-t', '5', name]);
      assert.match(await tspodOk(['exec', name, 'cat', '/proc/1/limits']), /^Max open files\s+98\s+99\s/m);
      assert.equal((await update({ no_healthcheck: true })).status, 201);
      assert.doesNotMatch(await tspodOk(['ps', '--filter', `name=${name}`]), /healthy/);
      for (const wrong of [
        { health_interval: '5s' },
        { health_on_failure: 'explode', health_cmd: 'true' },
        { r_limits: [{ type: 'RLIMIT_NONE', soft: 1, hard: 1 }] },
      ]) {
        const { status, text } = await update(wrong);
        assert.equal(status, 400, `${JSON.stringify(wrong)}: ${text}`);
      }
      await tspodOk(['rm', '-f', '-t', '0', name]);
    });

    const disk = readdirSync('/sys/class/block').find((each) => existsSync(`/dev/${each}`));
    const noDisk = disk === undefined ? 'needs a disk' : requires('root');

    test('updates limits of devices by their paths', { skip: noDisk }, async () => {
      const name = await createScript([], 'true');
      const { status, text } = await service.request('POST', `/v5.0.0/libpod/containers/${name}/update`, {
        DeviceReadBPs: [{ Path: `/dev/${disk}`, Rate: 2_097_152 }],
      });
      assert.equal(status, 201, text);
      assert.match(
        await tspodOk(['inspect', '-f', '{{json .HostConfig.BlkioDeviceReadBps}}', name]),
        new RegExp(`"Path":"/dev/${disk}","Rate":2097152`),
      );
      await tspodOk(['rm', '-f', '-t', '0', name]);
    });

    test('packs and unpacks volumes', async () => {
      const name = freshName('volume');
      await tspodOk(['volume', 'create', name]);
      const tar = buildTar([{ name: 'file', content: 'in it' }]);
      const path = `/v5.0.0/libpod/volumes/${name}`;
      assert.equal((await service.request('POST', `${path}/import`, tar)).status, 204);
      assert.match((await service.request('GET', `${path}/export`)).text, /in it/);
      assert.equal((await service.request('GET', '/v5.0.0/libpod/volumes/nosuch/export')).status, 404);
      await tspodOk(['volume', 'rm', name]);
    });
  });

  describe('the docker API', () => {
    test('says of clusters and plugins that there are none', async () => {
      for (const path of ['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs', '/nodes/x']) {
        const { status, json } = await service.request('GET', `/v1.51${path}`);
        assert.equal(status, 503, path);
        assert.match((json as { message: string }).message, /^This node is not a swarm manager/);
      }
      assert.deepEqual((await service.request('GET', '/v1.51/plugins')).json, []);
    });

    test('attaches by WebSocket', async () => {
      const name = await startScript(['-i'], 'cat; echo end');
      const socket = await service.connect();
      const received: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      const text = (): string => Buffer.concat(received).toString('latin1');
      socket.write(
        `GET /v1.51/containers/${name}/attach/ws?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: d\r\nUpgrade: websocket\r\n` +
          'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      await waitFor('the handshake', () => /\r\n\r\n/.test(text()));
      assert.match(text(), /^HTTP\/1\.1 101 .*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/s);
      // "hi" and a line break, masked with zeros: a frame of text.
      socket.write(Buffer.from([0x81, 0x83, 0, 0, 0, 0, 0x68, 0x69, 0x0a]));
      await waitFor('the echo', () => text().includes('\x82\x03hi\n'));
      const closed = once(socket, 'close');
      socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
      await closed;
      const missing = await service.request('GET', `/v1.51/containers/${name}/attach/ws?stream=1`);
      assert.equal(missing.status, 400);
      await tspodOk(['rm', '--force', '--time', '0', name]);
    });
  });
});
