import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const PLACE = { HostConfig: { NetworkMode: 'none' } };

describe('the service', () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });
  after(() => service.stop());

  async function create(command: string[], more: object = {}): Promise<string> {
    const body = { Image: BUSYBOX, Cmd: command, ...PLACE, ...more };
    const { status, json } = await service.request('POST', '/v1.41/containers/create', body);
    assert.equal(status, 201, JSON.stringify(json));
    return (json as { Id: string }).Id;
  }

  const remove = (id: string) => service.request('DELETE', `/containers/${id}?force=1`);

  test('lets nobody but the user connect', () => {
    assert.equal(statSync(service.path).mode & 0o777, 0o600);
  });

  test('is not held up by a filter that would try for ever', async () => {
    const name = `${'a'.repeat(60)}b`;
    const made = await service.request('POST', `/containers/create?name=${name}`, {
      Image: BUSYBOX,
      ...PLACE,
    });
    assert.equal(made.status, 201, made.text);
    const filters = encodeURIComponent(JSON.stringify({ name: ['(a+)+$'] }));
    const found = await service.request('GET', `/containers/json?all=1&filters=${filters}`);
    assert.deepEqual(found.json, []);
    await remove(name);
  });

  test('is no service for web pages: on a port, a browser brings those of anybody', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    taken.close();
    await once(taken, 'close');
    const process = spawnTspod(['system', 'service', '--time', '0', `tcp://127.0.0.1:${port}`], {
      root: testRoot(),
    });
    const status = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const place = { host: '127.0.0.1', port, path: '/_ping', headers };
        get(place, (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject);
      });
    await waitFor('the service to answer', () =>
      status({}).then(
        (code) => code === 200,
        () => false,
      ),
    );
    const here = `127.0.0.1:${port}`;
    for (const headers of [
      { Host: `localhost:${port}` },
      { Host: hostname() },
      { Host: here, Origin: `http://${here}` },
    ])
      assert.equal(await status(headers), 200, JSON.stringify(headers));
    for (const headers of [
      { Host: `page.example:${port}` },
      { Host: here, Origin: 'http://page.example' },
      { Host: here, Origin: 'null' },
    ])
      assert.equal(await status(headers), 403, JSON.stringify(headers));
    process.kill('SIGTERM');
    await process.exit;
  });

  test('answers what it does not serve as docker does', async () => {
    const cases: [string, string, number][] = [
      ['GET', '/nothing', 404],
      ['PUT', '/_ping', 405],
      ['GET', '/v1.52/info', 400],
      ['GET', '/v1.23/info', 400],
      ['GET', '/containers/nosuch/json', 404],
      ['GET', '/containers/json?filters=nonsense', 400],
      ['GET', '/containers/json?filters={"colour":["red"]}', 400],
      ['GET', '/containers/%zz/json', 400],
    ];
    for (const [method, path, status] of cases) {
      const answer = await service.request(method, path);
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.equal(typeof (answer.json as { message: unknown }).message, 'string');
    }
  });

  test('refuses bodies that are no JSON, too large, or not what they should be', async () => {
    const post = (body: unknown) => service.request('POST', '/containers/create', body);
    assert.equal((await post('{"Image":')).status, 400);
    assert.equal((await post('[]')).status, 400);
    assert.equal((await post({ Image: 5 })).status, 400);
    assert.equal((await post({ Image: BUSYBOX, HostConfig: { Memory: 'much' } })).status, 400);
    assert.equal((await post({ Image: BUSYBOX, HostConfig: { DeviceRequests: [{}] } })).status, 501);
    assert.equal((await post({ Image: 'localhost/nosuch:1' })).status, 404);
    const client = await service.connect();
    client.write('POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 9000000\r\n\r\n');
    assert.match(String(await once(client, 'data')), /^HTTP\/1\.1 413 /);
    client.destroy();
  });

  test('has the statuses of docker for what is so already, and for what is in the way', async () => {
    const id = await create(['sleep', '100'], { StopSignal: 'KILL' });
    const post = async (path: string) => (await service.request('POST', `/containers/${id}${path}`)).status;
    assert.equal(await post('/kill'), 409);
    assert.equal(await post('/stop'), 304);
    assert.equal(await post('/start'), 204);
    assert.equal(await post('/start'), 304);
    assert.equal((await service.request('DELETE', `/containers/${id}`)).status, 409);
    const other = await service.request('POST', `/containers/create?name=${id.slice(0, 12)}x`, {
      Image: BUSYBOX,
      ...PLACE,
    });
    const twice = await service.request('POST', `/containers/create?name=${id.slice(0, 12)}x`, {
      Image: BUSYBOX,
      ...PLACE,
    });
    assert.deepEqual([other.status, twice.status], [201, 409]);
    await remove(`${id.slice(0, 12)}x`);
    assert.equal(await post('/stop'), 204);
    assert.equal((await remove(id)).status, 204);
    assert.equal((await remove(id)).status, 404);
  });

  test('takes up changes of the configuration, and stays with what it had while a file cannot be read', async () => {
    const files = join(testRoot().base, 'config/containers');
    const conf = join(files, 'containers.conf');
    const before = readFileSync(conf, 'utf8');
    const registries = join(files, 'registries.conf');
    const variable = async (): Promise<string | undefined> => {
      const id = await create(['true']);
      const { json } = await service.request('GET', `/containers/${id}/json`);
      await remove(id);
      return (json as { Config: { Env: string[] } }).Config.Env.find((word) => word.startsWith('FROM_CONF='));
    };
    const search = async (): Promise<unknown> =>
      ((await service.request('GET', '/libpod/info')).json as { registries: { search?: string[] } })
        .registries.search;
    try {
      writeFileSync(conf, `${before}[containers]\nenv = ["FROM_CONF=1"]\n`);
      assert.equal(await variable(), 'FROM_CONF=1');
      writeFileSync(conf, '[containers\n');
      assert.equal(await variable(), 'FROM_CONF=1');
      writeFileSync(`${conf}.new`, `${before}[containers]\nenv = ["FROM_CONF=2"]\n`);
      renameSync(`${conf}.new`, conf);
      assert.equal(await variable(), 'FROM_CONF=2');
      writeFileSync(registries, 'unqualified-search-registries = ["one.example"]\n');
      assert.deepEqual(await search(), ['one.example']);
    } finally {
      writeFileSync(conf, before);
      rmSync(registries, { force: true });
    }
    assert.equal(await variable(), undefined);
  });

  test('survives clients that vanish in the middle of everything', async () => {
    const id = await create(['sh', '-c', 'while :; do echo line; done'], { OpenStdin: true });
    await service.request('POST', `/containers/${id}/start`);
    const requests = [
      `POST /containers/${id}/attach?stream=1&stdout=1&stdin=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      `GET /containers/${id}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n`,
      `POST /containers/${id}/wait HTTP/1.1\r\nHost: d\r\n\r\n`,
      'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 1000\r\n\r\n{"Image":',
      'POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{"Image":"x"}',
      'POST /containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n{',
      'nonsense\r\n\r\n',
    ];
    for (const text of requests) {
      const client = await service.connect();
      client.write(text);
      if (!text.includes('Content-Length: 1000') && !text.includes('fffff')) await once(client, 'data');
      client.destroy();
    }
    assert.equal((await service.request('GET', `/containers/${id}/json`)).status, 200);
    assert.equal((await remove(id)).status, 204);
  });

  test('is not held up by a program that does not read its input, nor by a client that does not read', async () => {
    const id = await create(['sh', '-c', 'yes & sleep 100'], { OpenStdin: true });
    const clients = [];
    for (let count = 0; count < 6; count++) {
      const client = await service.connect();
      client.write(
        `POST /containers/${id}/attach?stream=1&stdout=1&stdin=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      );
      await once(client, 'data');
      client.pause();
      client.write(Buffer.alloc(1024 * 1024));
      clients.push(client);
    }
    await service.request('POST', `/containers/${id}/start`);
    assert.equal((await service.request('GET', '/containers/json')).status, 200);
    const other = await create(['true']);
    assert.equal((await service.request('POST', `/containers/${other}/start`)).status, 204);
    const { json } = await service.request('POST', `/containers/${other}/wait`);
    assert.deepEqual(json, { StatusCode: 0 });
    for (const client of clients) client.destroy();
    await remove(id);
    await remove(other);
  });

  test('answers who asks for an upgrade where there is none, and closes the connection', async () => {
    const client = await service.connect();
    let text = '';
    client.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    client.write('GET /version HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    await once(client, 'end');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*"ApiVersion":"[\d.]+"[\s\S]*\}\n$/);
    assert.match(text, /\r\nConnection: close\r\n/);
    client.destroy();
  });

  test('lets go of clients that went away while nothing was said', async () => {
    const id = await create(['true']);
    const descriptors = () => readdirSync(`/proc/${service.process.pid}/fd`).length;
    const before = descriptors();
    for (let count = 0; count < 10; count++) {
      const client = await service.connect();
      client.write(
        `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      );
      await once(client, 'data');
      client.destroy();
    }
    await waitFor('their connections to be closed', () => descriptors() < before + 5);
    await remove(id);
  });

  test('hears who attached and has no more to say', async () => {
    const id = await create(['sh', '-c', 'cat; sleep 2; echo end'], { OpenStdin: true, StdinOnce: true });
    const client = await service.connect();
    let text = '';
    client.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    client.write(
      `POST /containers/${id}/attach?stream=1&stdout=1&stdin=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    await once(client, 'data');
    client.end('given\n');
    await service.request('POST', `/containers/${id}/start`);
    await once(client, 'end');
    assert.match(text, /given\n[\s\S]*end\n$/);
    await remove(id);
  });

  test('connects who attached to what another program starts', async () => {
    const id = await create(['sh', '-c', 'sleep 1; echo late']);
    const client = await service.connect();
    let text = '';
    client.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    client.write(
      `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    await tspodOk(['start', id]);
    await once(client, 'end');
    assert.match(text, /^HTTP\/1\.1 101 UPGRADED\r\n/);
    assert.match(text, /\x01\0\0\0\0\0\0\x05late\n$/);
    client.destroy();
    await remove(id);
  });
});

test('containers run on when the service is killed, and are cleaned up when they end', async () => {
  await busyboxImage();
  const service = await startApiService();
  const name = freshName();
  const body = {
    Image: BUSYBOX,
    Cmd: ['sleep', '100'],
    StopSignal: 'KILL',
    HostConfig: { NetworkMode: 'none', AutoRemove: true },
  };
  await service.request('POST', `/containers/create?name=${name}`, body);
  const load = Array.from({ length: 20 }, () =>
    service.request('GET', '/containers/json?all=1').catch(() => undefined),
  );
  assert.equal((await service.request('POST', `/containers/${name}/start`)).status, 204);
  service.process.kill('SIGKILL');
  await service.process.exit;
  await Promise.all(load);
  assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', name]), 'running');
  await tspodOk(['kill', name]);
  await waitFor('its removal', async () => (await tspod(['container', 'exists', name])).code === 1);
});

test('a service ends when nobody has been connected for long enough, and takes its socket with it', async () => {
  const path = join(testRoot().base, 'idle.sock');
  const service = spawnTspod(['system', 'service', '--time', '1', `unix://${path}`]);
  await waitFor('the socket', () => existsSync(path));
  assert.equal((await service.exit).code, 0);
  assert.equal(existsSync(path), false);
});

test('a service takes the place of a killed one, but not of a running one or of a file', async () => {
  const first = await startApiService();
  const second = await tspod(['system', 'service', first.uri]);
  assert.equal(second.code, 125);
  assert.match(second.stderr, /another service listens there/);
  first.process.kill('SIGKILL');
  await first.process.exit;
  const third = spawnTspod(['system', 'service', '--time', '0', first.uri]);
  await waitFor('an answer', async () => (await first.request('GET', '/_ping')).status === 200);
  third.kill('SIGTERM');
  assert.equal((await third.exit).code, 0);
  const file = join(testRoot().base, 'file');
  writeFileSync(file, 'kept');
  chmodSync(file, 0o600);
  assert.match((await tspod(['system', 'service', `unix://${file}`])).stderr, /is not a socket/);
});
