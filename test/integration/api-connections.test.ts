import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';

const HOST = 'Host: d\r\n';
const CREATE = `POST /v1.41/containers/create HTTP/1.1\r\n${HOST}`;
const SMUGGLED = `GET /info HTTP/1.1\r\n${HOST}\r\n`;

before(async () => {
  await busyboxImage();
});

describe('one request', () => {
  let service: ApiService;
  before(async () => {
    service = await startApiService();
  });
  after(() => service?.stop());

  /** All that comes until the service closes the connection. */
  const exchange = async (sent: string): Promise<string> => {
    const socket = await service.connect();
    socket.end(sent);
    return await text(socket);
  };
  const statuses = (answer: string): string[] => answer.match(/^HTTP\/1\.1 \d+|(?<=\n)HTTP\/1\.1 \d+/g) ?? [];

  const AMBIGUOUS = {
    'two kinds of length': `${CREATE}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'two lengths': `${CREATE}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}${SMUGGLED}`,
    'a length with a sign': `${CREATE}Content-Length: +2\r\n\r\n{}${SMUGGLED}`,
    'a coding that nobody knows': `${CREATE}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'two codings': `${CREATE}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    'a header on two lines': `GET /_ping HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n chunked\r\n\r\n${SMUGGLED}`,
    'lines that end otherwise': `GET /_ping HTTP/1.1\nHost: d\n\n${SMUGGLED}`,
    'chunks that end otherwise': `${CREATE}Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n${SMUGGLED}`,
    'a space before the colon': `GET /_ping HTTP/1.1\r\nHost : d\r\n\r\n${SMUGGLED}`,
    'a length in the trailer': `${CREATE}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 40\r\n\r\n${SMUGGLED}`,
  };
  for (const [name, sent] of Object.entries(AMBIGUOUS))
    test(`that can be read in two ways is refused, and ends the connection: ${name}`, async () => {
      const answer = await exchange(sent);
      assert.deepEqual(statuses(answer), ['HTTP/1.1 400'], answer);
    });

  test('is not taken for two where a body comes unasked', async () => {
    const sent = `GET /_ping HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`;
    assert.deepEqual(statuses(await exchange(sent)), ['HTTP/1.1 200']);
  });

  test('that asks for another protocol is answered, and what comes after it is no request', async () => {
    const upgrade = `Connection: Upgrade\r\nUpgrade: tcp\r\n`;
    const body = '{"Image":"busybox","Cmd":["true"]}';
    const create = `${CREATE}${upgrade}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (const sent of [`GET /_ping HTTP/1.1\r\n${HOST}${upgrade}\r\n${SMUGGLED}`, create + SMUGGLED])
      assert.match(statuses(await exchange(sent)).join(), /^HTTP\/1\.1 20[01]$/);
  });

  test('may name the service by its whole address, and takes it for no proxy', async () => {
    const ping = await exchange(`GET http://d/v1.41/_ping HTTP/1.1\r\n${HOST}\r\n`);
    assert.deepEqual(statuses(ping), ['HTTP/1.1 200'], ping);
    const tunnel = await exchange(`CONNECT example.com:443 HTTP/1.1\r\n${HOST}\r\n`);
    assert.deepEqual(statuses(tunnel), ['HTTP/1.1 405'], tunnel);
  });
});

test('who is connected is served also when more connections come than the service may have files open', async () => {
  const service = await startApiService({ under: ['prlimit', '--nofile=128:128'] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const clients: Socket[] = [];
  try {
    const ask = async (method: string, path: string): Promise<number> => {
      const asked = request({ socketPath: service.path, agent, method, path }).end();
      const answer = await new Promise<{ statusCode?: number } & NodeJS.ReadableStream>((resolve, reject) => {
        asked.on('response', resolve).on('error', reject);
      });
      await text(answer);
      return answer.statusCode ?? 0;
    };
    assert.equal(await ask('GET', '/_ping'), 200);
    for (let count = 0; count < 300; count++) {
      clients.push(await service.connect());
      // One that is silent for long is closed by itself.
      if (count % 30 === 0) assert.equal(await ask('GET', '/containers/json?all=1'), 200);
    }
    assert.equal(await ask('GET', '/info'), 200);
    for (const client of clients) client.destroy();
    assert.equal((await service.request('GET', '/info')).status, 200);
  } finally {
    agent.destroy();
    for (const client of clients) client.destroy();
    await service.stop();
  }
});
