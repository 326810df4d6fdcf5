import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { assertNothingLeft, listStore } from '../fixtures/crash-survey.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { commandLinesWith } from '../fixtures/harness-leaks.ts';
import { buildTar } from '../fixtures/images.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const IDLE_CONNECTIONS = 1500;
const LARGEST_IDLE_MB = 80;
const PLACE = { HostConfig: { NetworkMode: 'none' }, StopTimeout: 0 };

let baseline: string[] = [];
before(async () => {
  await busyboxImage();
  await tspodOk(['run', '--rm', '--network', 'none', BUSYBOX, 'true']);
  baseline = listStore(testRoot());
});

describe('the service', () => {
  let service: ApiService;
  before(async () => {
    service = await startApiService();
  });
  after(() => service?.stop());

  const create = async (body: Record<string, unknown>): Promise<string> => {
    const answer = await service.request('POST', '/containers/create', { Image: BUSYBOX, ...PLACE, ...body });
    assert.equal(answer.status, 201, answer.text);
    return (answer.json as { Id: string }).Id;
  };
  const send = async (text: string | Buffer): Promise<Socket> => {
    const client = await service.connect();
    client.on('error', () => {});
    client.write(text);
    return client;
  };
  const descriptors = (): number => readdirSync(`/proc/${service.process.pid}/fd`).length;
  const answers = async (): Promise<void> =>
    assert.equal((await service.request('GET', '/containers/json?all=1')).status, 200);

  /** With the service alive. */
  const assertAsBefore = async (): Promise<void> => {
    await tspodOk(['system', 'check']);
    assert.equal(await tspodOk(['ps', '-aq']), '');
    assert.deepEqual(listStore(testRoot()), baseline);
  };

  test('keeps nothing of uploads that break off, whatever they lie about their length', async () => {
    const tar = buildTar([
      { name: 'Dockerfile', content: `FROM ${BUSYBOX}\nCOPY a /\n` },
      { name: 'a', content: 'x'.repeat(200_000) },
    ]);
    const id = await create({ Cmd: ['true'] });
    for (const target of [
      'POST /build?t=localhost/never:1',
      'POST /images/load',
      'POST /images/create?fromSrc=-&repo=localhost/never',
      `PUT /containers/${id}/archive?path=/`,
    ]) {
      for (const head of [
        `Content-Length: ${tar.length * 2}`,
        'Transfer-Encoding: chunked',
        'Content-Length: 99999999999999',
      ]) {
        const chunk = head.startsWith('T') ? `${tar.length.toString(16)}\r\n` : '';
        const client = await send(
          `${target} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\n${head}\r\n\r\n${chunk}`,
        );
        client.write(tar.subarray(0, 100_000), () => client.destroy());
        await once(client, 'close');
      }
      await answers();
    }
    await service.request('DELETE', `/containers/${id}`);
    await waitFor('the builds to be given up', async () => {
      await tspodOk(['builder', 'prune', '--all', '--force']);
      return listStore(testRoot()).join() === baseline.join();
    });
    await assertAsBefore();
  });

  test('ends a build whose client has gone, with the command that it runs', async () => {
    const nap = String(2_000_000 + process.pid);
    const tar = buildTar([
      { name: 'Dockerfile', content: `FROM ${BUSYBOX}\nRUN echo begun; sleep ${nap}\n` },
    ]);
    const client = await send(
      `POST /build?networkmode=none HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: ${tar.length}\r\n\r\n`,
    );
    let text = '';
    client.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    client.write(tar);
    await waitFor('the command', () => text.includes('begun\\n'), 30_000);
    client.destroy();
    await waitFor('the end of the build', async () => {
      await tspodOk(['builder', 'prune', '--all', '--force']);
      return listStore(testRoot()).join() === baseline.join();
    });
    assert.deepEqual(commandLinesWith(`sleep\0${nap}`), []);
    await assertAsBefore();
  });

  test('answers others while a flood of headers comes in', async () => {
    for (const flood of [
      `GET /${'x'.repeat(200_000)} HTTP/1.1\r\nHost: d\r\n\r\n`,
      `GET /_ping HTTP/1.1\r\n${`X-Filler: ${'y'.repeat(1000)}\r\n`.repeat(500)}\r\n`,
      `GET /_ping HTTP/1.1\r\nHost: d\r\n${'A: b\r\n'.repeat(20_000)}\r\n`,
    ]) {
      const client = await send(flood);
      let answer = '';
      client.on('data', (bytes: Buffer) => {
        answer += bytes.toString('latin1');
      });
      client.resume();
      // Who still writes when the service has had enough may lose the answer with the connection.
      await new Promise((resolve) => (client.closed ? resolve(undefined) : client.once('close', resolve)));
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/);
      await answers();
    }
    const slow = await send('GET /_ping HTTP/1.1\r\nX-Never');
    await answers();
    slow.destroy();
  });

  test(`serves beside ${IDLE_CONNECTIONS} connections that say nothing, and forgets them when they go`, async () => {
    const few = descriptors();
    const clients: Socket[] = [];
    for (let count = 0; count < IDLE_CONNECTIONS; count += 100)
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => service.connect()))));
    await answers();
    const id = await create({ Cmd: ['true'] });
    assert.equal((await service.request('POST', `/containers/${id}/start`)).status, 204);
    assert.deepEqual((await service.request('POST', `/containers/${id}/wait`)).json, { StatusCode: 0 });
    assert.equal((await service.request('DELETE', `/containers/${id}`)).status, 204);
    for (const client of clients) client.destroy();
    await waitFor('their descriptors to be closed', () => descriptors() <= few + 5);
  });

  test('lives on when clients break off in the middle of what it sends', async () => {
    const id = await create({ Cmd: ['sh', '-c', 'yes | head -c 3000000; sleep 1000'] });
    await service.request('POST', `/containers/${id}/start`);
    const few = descriptors();
    for (const target of [
      `/containers/${id}/export`,
      `/images/${BUSYBOX}/get`,
      `/containers/${id}/logs?follow=1&stdout=1`,
      `/containers/${id}/archive?path=/bin`,
      '/events?since=0',
    ]) {
      for (let count = 0; count < 3; count++) {
        const client = await send(`GET ${target} HTTP/1.1\r\nHost: d\r\n\r\n`);
        await once(client, 'data');
        client.destroy();
      }
      await answers();
    }
    await waitFor('everything to be closed', () => descriptors() <= few + 3);
    assert.equal((await service.request('DELETE', `/containers/${id}?force=1&v=1`)).status, 204);
    await assertAsBefore();
  });

  test('loses no program when the connection to it is dropped', async () => {
    const id = await create({
      Cmd: ['sh', '-c', 'read line; echo "got $line"; sleep 1000'],
      OpenStdin: true,
      Tty: true,
    });
    await service.request('POST', `/containers/${id}/start`);
    const attach = `POST /containers/${id}/attach?stream=1&stdout=1&stdin=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
    for (let count = 0; count < 10; count++) {
      const client = await send(attach);
      await once(client, 'data');
      if (count % 2 === 0) client.destroy();
      else client.end();
    }
    const client = await send(attach);
    await once(client, 'data');
    client.write('words\n');
    await waitFor('the program to hear it', async () => (await tspodOk(['logs', id])).includes('got words'));
    client.destroy();
    assert.equal((await service.request('DELETE', `/containers/${id}?force=1&v=1`)).status, 204);
  });

  test('is small again when all this is over', async () => {
    for (let count = 0; count < 50; count++) await answers();
    const status = `/proc/${service.process.pid}/status`;
    const megabytes = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1]) / 1024;
    await waitFor(`${LARGEST_IDLE_MB} MB or less`, () => megabytes() <= LARGEST_IDLE_MB, 60_000);
  });
});

test('a service killed under load leaves containers to the command line and to the next service', async () => {
  const first = await startApiService();
  const names = Array.from({ length: 4 }, () => freshName());
  const start = async (name: string): Promise<void> => {
    const body = { Image: BUSYBOX, Cmd: ['sh', '-c', 'while :; do echo tick; sleep 0.1; done'], ...PLACE };
    await first.request('POST', `/containers/create?name=${name}`, body);
    await first.request('POST', `/containers/${name}/start`);
  };
  const [steady = '', ...others] = names;
  await start(steady);
  const load = [
    ...others.map((name) => start(name)),
    ...Array.from({ length: 10 }, () => first.request('GET', `/containers/${steady}/logs?follow=1&stdout=1`)),
    ...Array.from({ length: 20 }, () => first.request('GET', '/containers/json?all=1')),
  ].map((one) => one.catch(() => undefined));
  await Promise.race(load);
  first.process.kill('SIGKILL');
  await first.process.exit;
  await Promise.all(load);

  assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', steady]), 'running');
  assert.equal(await tspodOk(['exec', steady, 'echo', 'inside']), 'inside');
  await tspodOk(['ps', '-a']);
  const second = await startApiService();
  const known = (await second.request('GET', `/containers/${steady}/json`)).json as {
    State: { Running: boolean };
  };
  assert.equal(known.State.Running, true);
  assert.equal((await second.request('POST', `/containers/${steady}/restart?t=0`)).status, 204);
  assert.equal((await second.request('POST', `/containers/${steady}/stop?t=0`)).status, 204);
  for (const { Id } of (await second.request('GET', '/containers/json?all=1')).json as { Id: string }[])
    assert.equal((await second.request('DELETE', `/containers/${Id}?force=1`)).status, 204);
  await second.stop();
  await assertNothingLeft(testRoot(), baseline);
});
