import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { runProgram } from '../fixtures/harness.ts';

const WEB = '[Container]\nImage=busybox\nExec=sleep 1\n';
const QUADLETS = '/v5.8.0/libpod/quadlets';
const base = mkdtempSync(join(tmpdir(), 'tspod-api-quadlets-'));
const installed = join(base, 'installed');
let service: ApiService;

describe('Quadlet files through the API', () => {
  before(async () => {
    service = await startApiService({ env: { QUADLET_UNIT_DIRS: installed } });
  });
  beforeEach(() => {
    rmSync(installed, { recursive: true, force: true });
    mkdirSync(installed);
  });
  after(async () => {
    await service.stop();
    rmSync(base, { recursive: true });
  });

  test('are listed by name, read, and known to exist', async () => {
    writeFileSync(join(installed, 'web.container'), WEB);
    writeFileSync(join(installed, 'bad.container'), '[Container]\nImage=busybox\nVolumes=/x\n');
    const all = await service.request('GET', `${QUADLETS}/json`);
    assert.deepEqual(
      [all.status, all.json],
      [
        200,
        [
          {
            ...{ Name: 'bad.container', UnitName: '', Path: join(installed, 'bad.container') },
            ...{ Status: 'Invalid', App: '' },
          },
          {
            ...{ Name: 'web.container', UnitName: 'web.service', Path: join(installed, 'web.container') },
            ...{ Status: 'Not loaded', App: '' },
          },
        ],
      ],
    );
    const filtered = await service.request('GET', `${QUADLETS}/json?filters={"name":["^w"]}`);
    assert.deepEqual(namesOf(filtered.json), ['web.container']);
    assert.equal((await service.request('GET', `${QUADLETS}/json?filters={"kind":["x"]}`)).status, 400);
    const file = await service.request('GET', `${QUADLETS}/web.container/file`);
    assert.deepEqual([file.status, file.text, file.headers['content-type']], [200, WEB, 'text/plain']);
    assert.equal((await service.request('GET', `${QUADLETS}/web.container/exists`)).status, 204);
    for (const path of ['no.container/file', 'no.container/exists', '..%2F..%2Fetc%2Fpasswd/file'])
      assert.equal((await service.request('GET', `${QUADLETS}/${path}`)).status, 404, path);
  });

  test('are installed from a tar together with what belongs to them, and removed together', async () => {
    const tar = await tarOf({ 'a.txt': 'more', 'web.container': WEB });
    const first = await post(QUADLETS, 'application/x-tar', tar);
    assert.deepEqual(
      [first.status, first.json],
      [
        200,
        {
          InstalledQuadlets: {
            'web.container': join(installed, 'web.container'),
            'a.txt': join(installed, 'a.txt'),
          },
          QuadletErrors: {},
        },
      ],
    );
    assert.equal(readFileSync(join(installed, 'a.txt'), 'utf8'), 'more');
    const again = await post(QUADLETS, 'application/x-tar', tar);
    assert.equal(again.status, 400);
    assert.match(String((again.json as { message: string }).message), /exists already\n.*replace=true/);
    assert.equal((await post(`${QUADLETS}?replace=true`, 'application/x-tar', tar)).status, 200);
    const removed = await service.request('DELETE', `${QUADLETS}/web.container?reload-systemd=false`);
    assert.deepEqual([removed.status, removed.json], [200, { Errors: {}, Removed: ['web.container'] }]);
    assert.deepEqual(readdirSync(installed), []);
    assert.equal((await service.request('DELETE', `${QUADLETS}/web.container`)).status, 404);
    assert.equal((await service.request('DELETE', `${QUADLETS}/web.container?ignore=true`)).status, 200);
  });

  test('are installed from a form', async () => {
    const form = new FormData();
    form.append('files', new Blob(['[Volume]\n']), 'data.volume');
    form.append('note', 'no file');
    const encoded = new Response(form);
    const type = encoded.headers.get('content-type') ?? '';
    const { status } = await post(QUADLETS, type, Buffer.from(await encoded.arrayBuffer()));
    assert.deepEqual([status, readdirSync(installed)], [200, ['data.volume']]);
    const broken = await post(QUADLETS, type, Buffer.from('--nothing'));
    assert.equal(broken.status, 400);
  });

  test('are removed several at once, with what went wrong in the report', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(installed, `${name}.volume`), '[Volume]\n');
    const path = `${QUADLETS}?quadlets=a.volume&quadlets=x.volume`;
    const some = await service.request('DELETE', path);
    assert.deepEqual(
      [some.status, some.json],
      [200, { Errors: { 'x.volume': 'could not locate quadlet "x.volume"' }, Removed: ['a.volume'] }],
    );
    for (const wrong of [QUADLETS, `${QUADLETS}?all=true&quadlets=b.volume`])
      assert.equal((await service.request('DELETE', wrong)).status, 400);
    const all = await service.request('DELETE', `${QUADLETS}?all=true`);
    assert.deepEqual(all.json, { Errors: {}, Removed: ['b.volume', 'c.volume'] });
  });

  test('are refused whole when one of them is wrong, or would be something else', async () => {
    const wrong: [Record<string, string>, RegExp][] = [
      [{ 'notes.txt': '' }, /no Quadlet file/],
      [{ 'a.volume': '[Volume]\n', 'b.pod': '[Pod]\nnonsense\n' }, /b\.pod:2/],
      [{ 'a.volume': '[Volume]\n', '.other.app': 'x' }, /no name of a file/],
      [{ 'x/a.volume': '[Volume]\n', 'y/a.volume': '[Volume]\n' }, /given twice/],
      [{}, /no files/],
    ];
    for (const [files, message] of wrong) {
      const { status, text } = await post(QUADLETS, 'application/x-tar', await tarOf(files));
      assert.equal(status, 400, text);
      assert.match(text, message);
    }
    assert.equal((await post(QUADLETS, 'application/x-tar', Buffer.alloc(700, 'x'))).status, 400);
    assert.equal((await post(QUADLETS, 'text/plain', Buffer.from(WEB))).status, 400);
    assert.deepEqual(readdirSync(installed), []);
  });
});

function namesOf(json: unknown): string[] {
  return (json as { Name: string }[]).map(({ Name }) => Name);
}

let serial = 0;

async function tarOf(files: Record<string, string>): Promise<Buffer> {
  const directory = join(base, `tar-${serial++}`);
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) {
    if (name.includes('/') && !existsSync(join(directory, name, '..')))
      mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const archive = `${directory}.tar`;
  const { code, stderr } = await runProgram('tar', ['-cf', archive, '-C', directory, '.']);
  assert.equal(code, 0, stderr);
  return readFileSync(archive);
}

function post(
  path: string,
  type: string,
  body: Buffer,
): Promise<{ status: number; text: string; json: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: service.path, method: 'POST', path, headers: { 'content-type': type } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: answer.statusCode ?? 0, text, json: JSON.parse(text) as unknown });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
