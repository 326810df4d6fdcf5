import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import { requires } from '../fixtures/requires.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';

describe('commit', () => {
  let image: string;
  before(async () => {
    image = await busyboxImage();
  });

  const inspect = async (name: string) =>
    JSON.parse(await tspodOk(['image', 'inspect', name]))[0] as {
      Id: string;
      Author: string;
      Config: Record<string, unknown>;
      RootFS: { Layers: string[] };
      History: { comment?: string; created_by: string }[];
      ManifestType: string;
    };
  const made = async (...args: string[]): Promise<string> => {
    const name = `made-${process.pid}-${serial++}`;
    await tspodOk(['run', '--name', name, '--net=none', ...args]);
    return name;
  };
  let serial = 0;

  test('keeps what the container has made, changed and removed, and the owners', async () => {
    const script =
      'mkdir -p /d/e && echo hello > /d/e/f && chown 12:13 /d/e/f && chmod 4755 /d/e/f && ln -s f /d/e/l && rm /bin/vi';
    const name = await made(image, 'sh', '-c', script);
    const id = await tspodOk(['commit', '-q', name, 'kept:1']);
    assert.equal((await inspect('kept:1')).Id.replace('sha256:', ''), id);
    const look = 'cat /d/e/l; stat -c "%u:%g %a" /d/e/f; test -e /bin/vi || echo gone';
    const seen = await tspodOk(['run', '--rm', '--net=none', 'kept:1', 'sh', '-c', look]);
    assert.equal(seen, 'hello\n12:13 4755\ngone');
    // What it shares with its image stays shared.
    const [base, top] = [await inspect(image), await inspect('kept:1')];
    assert.deepEqual(top.RootFS.Layers.slice(0, -1), base.RootFS.Layers);
  });

  test('takes the configuration of the container, changed as it is told', async () => {
    const flags = [
      '-e',
      'A=b',
      '-e',
      'http_proxy=http://x:1',
      '--label',
      'l=1',
      '-w',
      '/tmp',
      '-u',
      '5:6',
      '--expose',
      '80',
    ];
    const name = await made(...flags, '-v', '/data', image, 'true');
    const idFile = join(testRoot().base, 'iid');
    const changes = ['-c', 'CMD=["/bin/id"]', '--change', 'ENV C=d', '--change', 'LABEL m=2'];
    const words = ['-a', 'Ann', '-m', 'why', '-f', 'docker', '--iidfile', idFile, '--include-volumes'];
    await tspodOk(['commit', '-q', ...changes, ...words, name, 'told']);
    const told = await inspect('localhost/told:latest');
    assert.equal(readFileSync(idFile, 'utf8'), told.Id.replace('sha256:', ''));
    assert.deepEqual(told.Config['Cmd'], ['/bin/id']);
    const env = told.Config['Env'] as string[];
    for (const entry of ['A=b', 'C=d', 'http_proxy=http://x:1']) assert.ok(env.includes(entry), env.join());
    assert.ok(!env.includes('container=podman'));
    assert.deepEqual(told.Config['Labels'], { l: '1', m: '2' });
    assert.equal(told.Config['User'], '5:6');
    assert.equal(told.Config['WorkingDir'], '/tmp');
    assert.deepEqual(Object.keys(told.Config['ExposedPorts'] as object), ['80/tcp']);
    assert.deepEqual(Object.keys(told.Config['Volumes'] as object), ['/data']);
    assert.equal(told.Author, 'Ann');
    assert.equal(told.History.at(-1)?.comment, 'why');
    assert.equal(told.History.at(-1)?.created_by, 'true');
    assert.match(told.ManifestType, /docker/);
    assert.match(await tspodOk(['run', '--rm', '--net=none', 'told']), /^uid=5(\(5\))? gid=6/);
  });

  test('makes one layer of everything with --squash', async () => {
    const name = await made(image, 'sh', '-c', 'echo x > /x; rm /bin/vi');
    await tspodOk(['commit', '-q', '--squash', name, 'squashed']);
    assert.equal((await inspect('squashed')).RootFS.Layers.length, 1);
    const look = 'cat /x; ls /bin/busybox; test -e /bin/vi || echo gone';
    const seen = await tspodOk(['run', '--rm', '--net=none', 'squashed', 'sh', '-c', look]);
    assert.equal(seen, 'x\n/bin/busybox\ngone');
  });

  test('takes a running container, which goes on', async () => {
    const name = await made('-d', image, 'sh', '-c', 'echo here > /here; exec sleep 1000');
    await tspodOk(['exec', name, 'sh', '-c', 'until [ -s /here ]; do :; done']);
    // Users need cgroups of their own for it.
    const pauses = requires('root') === false ? ['--pause', '--pause=false'] : ['--pause=false'];
    for (const pause of pauses) await tspodOk(['commit', '-q', pause, name, 'running']);
    assert.equal(await tspodOk(['run', '--rm', '--net=none', 'running', 'cat', '/here']), 'here');
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', name]), 'running');
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  test('has a configuration from a file win', async () => {
    const name = await made(image, 'true');
    const file = join(testRoot().base, 'config.json');
    writeFileSync(file, '{"Cmd": ["/bin/from-file"]}');
    const id = await tspodOk(['commit', '-q', '--config', file, name]);
    assert.deepEqual((await inspect(id)).Config['Cmd'], ['/bin/from-file']);
  });

  test('of a container that is removed meanwhile is refused, and leaves no layer', async () => {
    const fill = 'mkdir /d; i=0; while [ $i -lt 3000 ]; do echo $i > /d/$i; i=$((i+1)); done';
    const name = await made(image, 'sh', '-c', fill);
    const layers = join(testRoot().graphRoot, 'layers');
    const before = readdirSync(layers);
    const commit = spawnTspod(['commit', '-q', name, 'half']);
    const isNew = (id: string): boolean => !before.includes(id) && existsSync(join(layers, id, 'diff/d'));
    await waitFor('the copy', () => readdirSync(layers).some(isNew));
    commit.kill('SIGSTOP');
    await tspodOk(['rm', name]);
    commit.kill('SIGCONT');
    assert.equal((await commit.exit).code, 125);
    assert.match(
      commit.stderr(),
      new RegExp(`^Error: cannot commit container ${name}: it is being removed\n$`),
    );
    assert.deepEqual(readdirSync(layers), before);
    assert.equal((await tspod(['image', 'exists', 'half'])).code, 1);
  });

  test('refuses wrong changes, names and containers without leaving anything', async () => {
    const name = await made(image, 'true');
    const images = await tspodOk(['images', '-aq']);
    for (const args of [
      ['-c', 'RUN ls', name],
      ['no-such-container'],
      [name, 'UPPER:x'],
      ['-f', 'zip', name],
    ]) {
      assert.equal((await tspod(['commit', ...args])).code, 125, args.join(' '));
    }
    assert.equal(await tspodOk(['images', '-aq']), images);
  });
});
