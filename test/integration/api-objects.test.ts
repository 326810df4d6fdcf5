import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { startScript } from '../fixtures/containers.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';

let service: ApiService;

async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await service.docker(args);
  assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await service.docker(args);
  assert.notEqual(code, 0);
  return stderr;
}

describe('the docker client', { skip: requires('docker') }, () => {
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });

  after(() => service.stop());

  describe('docker cp', () => {
    test('copies both ways, as it does with its own engine', async () => {
      const place = join(testRoot().base, 'docker-cp');
      mkdirSync(join(place, 'tree'), { recursive: true });
      writeFileSync(join(place, 'tree/file'), 'content\n');
      symlinkSync('file', join(place, 'tree/link'));
      const name = await startScript([], 'sleep 600');
      await docker('cp', join(place, 'tree'), `${name}:/new`);
      await docker('cp', join(place, 'tree'), `${name}:/new`);
      await docker('cp', join(place, 'tree/file'), `${name}:/new/other`);
      assert.equal(
        await tspodOk(['exec', name, 'find', '/new']).then((text) => text.split('\n').sort().join(' ')),
        '/new /new/file /new/link /new/other /new/tree /new/tree/file /new/tree/link',
      );
      await docker('cp', `${name}:/new`, join(place, 'back'));
      assert.equal(readFileSync(join(place, 'back/tree/link'), 'utf8'), 'content\n');
      await docker('cp', '-L', `${name}:/new/link`, join(place, 'followed'));
      assert.equal(readFileSync(join(place, 'followed'), 'utf8'), 'content\n');
      assert.match(await refusal('cp', `${name}:/nothing`, place), /could not be found/);
      assert.match(
        await refusal('cp', join(place, 'tree'), `${name}:/new/file`),
        /not a directory|cannot copy/,
      );
    });
  });

  describe('docker events and stats', () => {
    test('tell what has happened and what is used', async () => {
      const name = await startScript([], 'sleep 600');
      await tspodOk(['kill', name]);
      await tspodOk(['wait', name]);
      const filters = ['--filter', `container=${name}`, '--format', '{{.Action}} {{.Actor.Attributes.name}}'];
      const events = await docker(
        'events',
        '--since',
        '1h',
        '--until',
        String(Math.ceil(Date.now() / 1000) + 1),
        ...filters,
      );
      assert.deepEqual(
        events.split('\n'),
        ['create', 'start', 'kill', 'die'].map((word) => `${word} ${name}`),
      );
      await docker('tag', BUSYBOX, 'event/name:1');
      const image = ['--filter', 'type=image', '--format', '{{.Actor.ID}} {{.Actor.Attributes.name}}'];
      const until = String(Math.ceil(Date.now() / 1000) + 1);
      const tagged = await docker('events', '--since', '1h', '--until', until, ...image);
      assert.match(tagged, /^event\/name:1 event\/name:1$/m);
      const running = await startScript([], 'sleep 600');
      const stats = await docker(
        'stats',
        '--no-stream',
        '--format',
        '{{.Name}} {{.PIDs}} {{.MemUsage}}',
        running,
      );
      assert.match(stats, new RegExp(`^${running} 1 [\\d.]+[kKM]i?B / [\\d.]+GiB$`));
    });
  });

  describe('docker volume', () => {
    test('creates, lists, inspects, removes and prunes', async () => {
      assert.equal(await docker('volume', 'create', '--label', 'tier=db', 'data'), 'data');
      assert.equal(await docker('volume', 'create', 'data'), 'data');
      assert.equal(await docker('volume', 'ls', '-q', '--filter', 'label=tier=db'), 'data');
      assert.equal(
        await docker('volume', 'inspect', '-f', '{{.Labels.tier}} {{.Scope}}', 'data'),
        'db local',
      );
      const anonymous = await docker('volume', 'create');
      const pruned = await docker('volume', 'prune', '-f');
      assert.match(pruned, new RegExp(anonymous));
      assert.doesNotMatch(pruned, /data/);
      assert.match(await docker('volume', 'prune', '-f', '-a'), /data/);
      assert.match(await refusal('volume', 'rm', 'data'), /no such volume/);
    });
  });

  describe('docker network', () => {
    test('creates, lists, inspects and removes', async () => {
      const id = await docker('network', 'create', '--subnet', '10.91.7.0/24', '--label', 'a=b', 'front');
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.equal(
        await docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}} {{.Labels.a}}', 'front'),
        '10.91.7.0/24 b',
      );
      assert.match(await docker('network', 'ls', '--format', '{{.Name}}'), /^front$/m);
      const listed = await docker('network', 'ls', '--format', '{{.Name}} {{.Driver}}');
      assert.match(listed, /^bridge bridge$/m);
      assert.match(listed, /^host host$/m);
      assert.match(listed, /^none null$/m);
      assert.equal(await docker('network', 'inspect', '--format', '{{.Driver}}', 'none'), 'null');
      assert.doesNotMatch(await docker('network', 'ls', '--filter', 'type=custom'), / host /);
      await tspodOk(['create', '--name', 'member', '--network', 'front', BUSYBOX, 'true']);
      assert.match(await refusal('network', 'rm', 'front'), /has active endpoints \(name:"member"/);
      await docker('network', 'create', 'second');
      await docker('network', 'connect', '--alias', 'other', 'second', 'member');
      assert.match(
        await tspodOk(['inspect', '-f', '{{json .NetworkSettings.Networks}}', 'member']),
        /"second"/,
      );
      await docker('network', 'disconnect', 'second', 'member');
      assert.match(await docker('network', 'prune', '-f'), /second/);
      await tspodOk(['rm', 'member']);
      await docker('network', 'rm', 'front');
      assert.match(await refusal('network', 'inspect', 'front'), /network front not found/);
    });
  });

  describe('docker system df, diff, export and update', () => {
    test('show sizes and changes, write the file system and change policies', async () => {
      const name = await startScript([], 'echo x > /added; rm /etc/group; sleep 600');
      const seen = await docker('system', 'df', '--format', '{{.Type}} {{.TotalCount}}');
      assert.match(seen, /^Images 1$/m);
      await tspodOk(['exec', name, 'sh', '-c', 'until [ ! -e /etc/group ]; do sleep 0.01; done']);
      assert.match(await docker('diff', name), /^C \/etc\nD \/etc\/group$/m);
      const file = join(testRoot().base, 'api-export.tar');
      await docker('export', '-o', file, name);
      assert.ok(readFileSync(file).includes('added'));
      await docker('update', '--restart', 'on-failure:3', name);
      assert.equal(await docker('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', name), 'on-failure');
    });
  });
});
