import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiAnswer, type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { makeTestRoot, runProgram, testEnvironment, testRoot, TSPOD, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';

describe('a service that runs takes up what changes in', () => {
  const user = { name: 'somebody', password: 'secret words' };
  const config = (name: string): string => join(testRoot().base, 'config/containers', name);
  let registry: TestRegistry;
  let service: ApiService;
  before(async () => {
    registry = await startRegistry({ user });
    await busyboxImage();
    await tspodOk([
      'push',
      '--tls-verify=false',
      `--creds=${user.name}:${user.password}`,
      BUSYBOX,
      `${registry.host}/some/box:1`,
    ]);
    service = await startApiService();
  });
  after(async () => {
    await service?.stop();
    await registry?.stop();
  });

  const pull = async (name = `${registry.host}/some/box:1`): Promise<ApiAnswer> =>
    service.request(
      'POST',
      `/libpod/images/pull?tlsVerify=false&policy=always&reference=${encodeURIComponent(name)}`,
    );
  const logIn = (auth: string | undefined): void =>
    writeFileSync(
      join(testRoot().base, 'auth.json'),
      JSON.stringify({ auths: auth === undefined ? {} : { [registry.host]: { auth } } }),
    );
  const right = Buffer.from(`${user.name}:${user.password}`).toString('base64');

  test('auth.json', async () => {
    logIn(undefined);
    assert.match((await pull()).text, /error.*(unauthorized|authentication required)/i);
    logIn(right);
    assert.match((await pull()).text, /"id":"[0-9a-f]{64}"/);
    logIn(Buffer.from('somebody:else').toString('base64'));
    assert.match((await pull()).text, /error.*(unauthorized|authentication required)/i);
    logIn(right);
  });

  test('registries.conf', async () => {
    logIn(right);
    const file = config('registries.conf');
    writeFileSync(file, `[[registry]]\nlocation = "${registry.host}"\nblocked = true\n`);
    assert.match((await pull()).text, /error.*blocked/);
    writeFileSync(
      file,
      `[[registry]]\nprefix = "elsewhere.example/some"\nlocation = "${registry.host}/some"\n`,
    );
    assert.match((await pull('elsewhere.example/some/box:1')).text, /"id":"[0-9a-f]{64}"/);
    writeFileSync(file, 'nonsense = [\n');
    assert.match((await pull()).text, /error.*parsing .*registries\.conf/);
    rmSync(file);
    assert.match((await pull()).text, /"id":"[0-9a-f]{64}"/);
  });

  test('policy.json', async () => {
    logIn(right);
    const file = config('policy.json');
    const set = (type: string): void => writeFileSync(file, JSON.stringify({ default: [{ type }] }));
    set('insecureAcceptAnything');
    assert.match((await pull()).text, /"id":"[0-9a-f]{64}"/);
    set('reject');
    assert.match((await pull()).text, /error.*policy\.json/);
    rmSync(file);
  });
});

describe('storage.conf, changed while a service runs', () => {
  const lender = makeTestRoot();
  const root = makeTestRoot();
  const file = join(root.base, 'storage.conf');
  const places = (name: string): string =>
    `[storage]\ngraphroot = "${root.base}/${name}"\nrunroot = "${root.base}/r"\n`;
  const env = { CONTAINERS_STORAGE_CONF: file };
  let service: ApiService;
  before(async () => {
    await busyboxImage(lender);
    mkdirSync(join(root.base, 'r'));
    writeFileSync(file, places('g'));
    service = await startApiService({ env, root, places: 'configured' });
  });
  after(async () => {
    await service?.stop();
    await runProgram(TSPOD, ['system', 'reset', '--force'], { env: testEnvironment({ root, env }) });
  });

  const images = async (): Promise<number> => {
    const answer = await service.request('GET', '/images/json');
    assert.equal(answer.status, 200, answer.text);
    return (answer.json as unknown[]).length;
  };
  const graphRoot = async (): Promise<string> =>
    ((await service.request('GET', '/info')).json as { DockerRootDir: string }).DockerRootDir;

  test('lends the images of another store from the next request on, and no longer when it is not named', async () => {
    assert.equal(await images(), 0);
    writeFileSync(file, `${places('g')}[storage.options]\nadditionalimagestores = ["${lender.graphRoot}"]\n`);
    assert.equal(await images(), 1);
    const name = freshName();
    const body = { Image: BUSYBOX, Cmd: ['echo', 'lent'], HostConfig: { NetworkMode: 'none' } };
    const created = await service.request('POST', `/containers/create?name=${name}`, body);
    assert.equal(created.status, 201, created.text);
    assert.equal((await service.request('POST', `/containers/${name}/start`)).status, 204);
    const waited = await service.request('POST', `/containers/${name}/wait`);
    assert.deepEqual(waited.json, { StatusCode: 0 });
    assert.equal((await service.request('DELETE', `/containers/${name}?force=1`)).status, 204);
    writeFileSync(file, places('g'));
    assert.equal(await images(), 0);
  });

  test('moves no store, and says when that would count', async () => {
    const before = await graphRoot();
    writeFileSync(file, places('elsewhere'));
    assert.equal(await graphRoot(), before);
    await service.process.expect(/storage\.conf now says of root counts when the service is started again/, {
      from: 'stderr',
    });
    writeFileSync(file, places('g'));
  });

  test('counts as before while it has an error', async () => {
    writeFileSync(file, `${places('g')}nonsense\n`);
    assert.equal(await images(), 0);
    await service.process.expect(/storage\.conf has changed and is not taken up: .*line 4/, {
      from: 'stderr',
    });
    writeFileSync(file, places('g'));
  });
});
