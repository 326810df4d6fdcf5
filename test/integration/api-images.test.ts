import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { runProgram, type RunResult, testRoot, tspodOk } from '../fixtures/harness.ts';
import { type SpawnedTspod, spawnTspod } from '../fixtures/harness-spawn.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const USER = { name: 'ann', password: 'pass-word' };
const skip = requires('docker', 'docker-registry');

describe("images through docker's client", { skip }, () => {
  let service: SpawnedTspod;
  let registry: TestRegistry;
  let locked: TestRegistry;
  let base: string;
  const env: Record<string, string> = { PATH: process.env['PATH'] ?? '' };

  before(async () => {
    // The path of a socket is short.
    base = mkdtempSync('/tmp/tspod-api-');
    const socket = join(base, 's');
    env['DOCKER_HOST'] = `unix://${socket}`;
    env['DOCKER_CONFIG'] = join(base, 'config');
    [registry, locked] = await Promise.all([startRegistry(), startRegistry({ user: USER })]);
    service = spawnTspod(['system', 'service', '--time', '0', `unix://${socket}`]);
    await waitFor('the service', () => existsSync(socket));
    await ok('import', '-c', 'CMD ["sh"]', '-m', 'first', busyboxArchive(), 'bb:latest');
  });
  after(async () => {
    service?.kill('SIGTERM');
    await service?.exit;
    await registry?.stop();
    await locked?.stop();
  });

  const docker = (args: readonly string[], input?: string): Promise<RunResult> =>
    runProgram(programPath('docker'), args, { env, ...(input === undefined ? {} : { input }) });
  const ok = async (...args: string[]): Promise<string> => {
    const result = await docker(args);
    assert.equal(result.code, 0, `docker ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  const fails = async (...args: string[]): Promise<string> => {
    const result = await docker(args);
    assert.equal(result.code, 1, result.stdout);
    return result.stderr;
  };

  test('images, inspect, history and tag show what is there', async () => {
    assert.match(await ok('images'), /^bb +latest +[0-9a-f]{12} /m);
    await ok('tag', 'bb', 'me/other:2');
    const [image] = JSON.parse(await ok('inspect', 'me/other:2')) as {
      RepoTags: string[];
      Config: { Cmd: string[] };
    }[];
    assert.deepEqual(image?.RepoTags.sort(), ['bb:latest', 'me/other:2']);
    assert.deepEqual(image?.Config.Cmd, ['sh']);
    assert.match(await ok('history', 'bb'), /first$/m);
    assert.match(await ok('images', '--filter', 'reference=me/*'), /me\/other/);
    assert.match(await ok('rmi', 'me/other:2'), /^Untagged: me\/other:2$/m);
    assert.match(await fails('image', 'inspect', 'none'), /No such image: none:latest/);
    assert.match(await fails('rmi', 'none'), /No such image: none:latest/);
  });

  test('push and pull go by a registry of this machine without TLS', async () => {
    const name = `${registry.host}/dk`;
    for (const tag of ['1', '2']) await ok('tag', 'bb', `${name}:${tag}`);
    const pushed = await ok('push', '-a', name);
    assert.match(pushed, /^1: digest: sha256:[0-9a-f]{64} size: \d+$/m);
    assert.match(pushed, /^2: digest: /m);
    await ok('rmi', `${name}:1`, `${name}:2`);
    assert.match(await ok('pull', `${name}:1`), /Status: Downloaded newer image for/);
    assert.match(await ok('pull', `${name}:1`), /Status: Image is up to date for/);
    await ok('pull', '-a', name);
    assert.match(await ok('images', name), /2 /);
    assert.match(await fails('pull', `${name}:9`), /manifest unknown/);
    assert.match(await fails('push', `${name}:9`), /No such image/);
  });

  test('a registry with passwords takes the login of the client', async () => {
    const name = `${locked.host}/private:1`;
    await ok('tag', 'bb', name);
    assert.match(await fails('push', name), /unauthorized|login/);
    assert.match(await fails('pull', name), /pull access denied/);
    const login = ['login', '-u', USER.name, '--password-stdin', locked.host];
    const wrong = await docker(login, 'wrong');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /invalid username\/password/);
    const right = await docker(login, USER.password);
    assert.equal(right.code, 0, right.stderr);
    await ok('push', name);
    await ok('pull', name);
  });

  test('save and load keep images and names', async () => {
    const file = join(testRoot().base, 'saved.tar');
    await ok('tag', 'bb', 'me/saved:1');
    await ok('save', '-o', file, 'bb', 'me/saved:1');
    const { stdout: table } = await runProgram('tar', ['-xOf', file, 'manifest.json']);
    const [{ RepoTags: names }] = JSON.parse(table) as [{ RepoTags: string[] }];
    assert.deepEqual(names, ['bb:latest', 'me/saved:1']);
    await ok('rmi', 'me/saved:1');
    const said = await ok('load', '-i', file);
    assert.match(said, /^Loaded image: bb:latest$/m);
    assert.match(said, /^Loaded image: me\/saved:1$/m);
    const broken = join(testRoot().base, 'broken.tar');
    writeFileSync(broken, 'this is no archive');
    await fails('load', '-i', broken);
  });

  test('commit makes an image of a container', async () => {
    await tspodOk([
      'run',
      '--name',
      'committed',
      '--net=none',
      'docker.io/library/bb',
      'sh',
      '-c',
      'echo x > /x',
    ]);
    const id = await ok(
      'commit',
      '-a',
      'Ann',
      '-m',
      'why',
      '-c',
      'CMD ["cat", "/x"]',
      'committed',
      'me/committed:1',
    );
    assert.match(id, /^sha256:[0-9a-f]{64}\n$/);
    assert.equal(await tspodOk(['run', '--rm', '--net=none', 'docker.io/me/committed:1']), 'x');
    assert.match(await fails('commit', 'nobody'), /No such container: nobody/);
    await tspodOk(['rm', 'committed']);
  });

  test('build makes an image of a context, and tells what it does', async () => {
    env['DOCKER_BUILDKIT'] = '0';
    const context = join(base, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'file'), 'from the context\n');
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM bb AS one\nARG WHO=nobody\nRUN echo "hello $WHO" && echo $WHO > /who\nFROM bb\nCOPY --from=one /who /who\nCOPY file /file\nLABEL a=b\n',
    );
    const args = [
      '--network',
      'none',
      '--build-arg',
      'WHO=ann',
      '--label',
      'c=d',
      '-t',
      'me/built:1',
      context,
    ];
    const said = await ok('build', ...args);
    assert.match(said, /^Step 1\/\d : FROM bb/m);
    assert.match(said, /^hello ann$/m);
    assert.match(said, /^Successfully built [0-9a-f]{12}$/m);
    assert.match(said, /^Successfully tagged me\/built:1$/m);
    assert.match(await ok('build', ...args), /Using cache/);
    assert.match(await ok('build', '-q', ...args), /^sha256:[0-9a-f]{64}\n$/);
    const seen = await tspodOk(['run', '--rm', '--net=none', 'docker.io/me/built:1', 'cat', '/who', '/file']);
    assert.equal(seen, 'ann\nfrom the context');
    assert.match(await ok('inspect', '--format', '{{.Config.Labels}}', 'me/built:1'), /a:b.*c:d/);
    writeFileSync(join(context, 'Dockerfile'), 'FROM bb\nRUN exit 7\n');
    const failed = await docker(['build', '--network', 'none', context]);
    assert.equal(failed.code, 7, failed.stderr);
    writeFileSync(join(context, 'Dockerfile'), 'FROM bb\nNONSENSE\n');
    assert.match((await docker(['build', context])).stderr, /NONSENSE/i);
  });

  test('image prune removes what nothing needs', async () => {
    await ok('import', busyboxArchive());
    assert.match(await ok('image', 'prune', '-f'), /^deleted: sha256:[0-9a-f]{64}$/m);
    assert.match(await ok('image', 'prune', '-f'), /^Total reclaimed space: 0B$/m);
  });
});
