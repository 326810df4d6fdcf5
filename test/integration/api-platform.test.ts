import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { makeTestRoot, type RunResult, testRoot, tspodOk } from '../fixtures/harness.ts';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { startRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const ARM = encodeURIComponent('{"os":"linux","architecture":"arm64"}');

describe('platforms in requests', () => {
  let service: ApiService;
  before(async () => {
    for (const arch of ['amd64', 'arm64']) {
      const name = `docker.io/library/bb:${arch}`;
      await tspodOk(['import', '-q', '--platform', `linux/${arch}`, busyboxArchive(), name]);
    }
    const images = ['docker.io/library/bb:amd64', 'docker.io/library/bb:arm64'];
    await tspodOk(['manifest', 'create', 'docker.io/library/both:latest', ...images]);
    service = await startApiService();
  });
  after(() => service?.stop());

  test('choose an image of a list by its name', async () => {
    for (const arch of ['amd64', 'arm64']) {
      const platform = encodeURIComponent(JSON.stringify({ os: 'linux', architecture: arch }));
      const image = await service.request('GET', `/images/both/json?platform=${platform}`);
      assert.equal((image.json as { Architecture: string }).Architecture, arch);
      const history = await service.request('GET', `/images/both/history?platform=${platform}`);
      const [step] = history.json as { Id: string }[];
      assert.equal(step?.Id, (image.json as { Id: string }).Id);
    }
  });

  test('refuse an image that is for another, by every route', async () => {
    for (const [method, path] of [
      ['GET', `/images/bb:amd64/json?platform=${ARM}`],
      ['GET', `/images/bb:amd64/history?platform=${ARM}`],
      ['GET', `/images/bb:amd64/get?platform=${ARM}`],
      ['GET', `/images/get?names=bb:amd64&platform=${ARM}`],
      ['POST', `/images/bb/push?tag=amd64&platform=${ARM}`],
      [
        'DELETE',
        `/images/bb:amd64?platforms=${encodeURIComponent('[{"os":"linux","architecture":"arm64"}]')}`,
      ],
      ['DELETE', `/images/bb:amd64?force=1&platforms=${ARM}`],
    ] as const) {
      const answer = await service.request(method, path);
      assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
      assert.match(
        answer.text,
        /bb:amd64 was found but does not provide the specified platform \(linux\/arm64\)/,
      );
    }
    assert.match(await tspodOk(['images', '--format', '{{.Tag}}']), /amd64/);
    const create = await service.request('POST', '/containers/create?platform=linux/arm64', {
      Image: 'bb:amd64',
    });
    assert.equal(create.status, 404, create.text);
    assert.equal(await tspodOk(['ps', '-aq']), '');
  });

  test('are refused when they are none', async () => {
    for (const platform of ['{', '[]', '{"os":"linux"}', '{"os":1,"architecture":"arm64"}', 'a/b/c/d']) {
      const path = `/images/both/json?platform=${encodeURIComponent(platform)}`;
      const answer = await service.request('GET', path);
      assert.equal(answer.status, 400, `${platform}: ${answer.text}`);
      assert.match(answer.text, /platform/);
    }
    const both = await service.request('GET', `/images/both/json?manifests=1&platform=${ARM}`);
    assert.equal(both.status, 400);
    assert.match(both.text, /conflicting options/);
  });

  describe('of the docker client', { skip: requires('docker') }, () => {
    const docker = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await service.docker(args);
      assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    const refused = async (...args: string[]): Promise<RunResult> => {
      const result = await service.docker(args);
      assert.notEqual(result.code, 0, args.join(' '));
      return result;
    };

    test('inspect, history, create', async () => {
      const format = ['--format', '{{.Architecture}}'];
      assert.equal(await docker('image', 'inspect', '--platform', 'linux/arm64', ...format, 'both'), 'arm64');
      assert.match(await docker('history', '--platform', 'linux/arm64', 'both'), /tspod import/);
      const id = await docker('create', '--platform', 'linux/arm64', '--network', 'none', 'bb:arm64', 'true');
      assert.equal(
        await tspodOk(['inspect', '--format', '{{.ImageName}}', id]),
        'docker.io/library/bb:arm64',
      );
      await docker('rm', id);
      const { stderr } = await refused('history', '--platform', 'linux/s390x', 'bb:arm64');
      assert.match(stderr, /does not provide the specified platform \(linux\/s390x\)/);
    });

    test('save, load, rmi', async () => {
      const file = join(testRoot().base, 'arm.tar');
      await docker('save', '--platform', 'linux/arm64', '-o', file, 'both');
      const root = makeTestRoot();
      await tspodOk(['load', '-q', '-i', file], { root });
      const loaded = await tspodOk(['images', '-aq'], { root });
      assert.equal(
        await tspodOk(['images', '--format', '{{.Repository}}:{{.Tag}}'], { root }),
        'docker.io/library/both:latest',
      );
      assert.equal(
        await tspodOk(['image', 'inspect', '--format', '{{.Architecture}}', ...loaded.split('\n')], { root }),
        'arm64',
      );
      const other = join(testRoot().base, 'other.tar');
      await refused('save', '--platform', 'linux/s390x', '-o', other, 'bb:amd64');
      assert.ok(!existsSync(other));
      const none = await refused('load', '--platform', 'linux/s390x', '-i', file);
      assert.match(`${none.stdout}${none.stderr}`, /no image for platform linux\/s390x/);
      await docker('tag', 'bb:arm64', 'bb:again');
      await refused('rmi', '--platform', 'linux/amd64', 'bb:again');
      await docker('rmi', '--platform', 'linux/arm64', 'bb:again');
      assert.doesNotMatch(await docker('images', '--format', '{{.Tag}}'), /again/);
    });

    test('push', { skip: requires('docker-registry') }, async (t) => {
      const registry = await startRegistry();
      t.after(() => registry.stop());
      const name = `${registry.host}/arm:1`;
      await docker('tag', 'bb:arm64', name);
      await refused('push', '--platform', 'linux/amd64', name);
      await docker('push', '-q', '--platform', 'linux/arm64', name);
      const root = makeTestRoot();
      await tspodOk(['pull', '-q', '--tls-verify=false', name], { root });
      assert.equal(
        await tspodOk(['image', 'inspect', '--format', '{{.Architecture}}', name], { root }),
        'arm64',
      );
    });
  });
});
