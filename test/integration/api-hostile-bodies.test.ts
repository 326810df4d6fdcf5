import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type ApiAnswer, type ApiService, startApiService } from '../fixtures/api-service.ts';
import { listStore } from '../fixtures/crash-survey.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { buildTar, type FixtureEntry } from '../fixtures/images.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const tar = (...entries: FixtureEntry[]): Buffer => buildTar(entries);
const whole = tar(
  { name: 'Dockerfile', content: 'FROM scratch\nCOPY a /\n' },
  { name: 'a', content: 'x'.repeat(5000) },
);
const noise = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919 + (i >> 3) * 31 + 17) % 251));

/** No archive at all, or one that breaks off: refused wherever an archive is read. */
const BROKEN: Readonly<Record<string, { bytes: Buffer; says: RegExp }>> = {
  'one byte': { bytes: Buffer.from('x'), says: /archive|Dockerfile/ },
  noise: { bytes: noise, says: /damaged|neither a tar archive/ },
  'a JSON document': { bytes: Buffer.from('{"a":1}'), says: /archive|Dockerfile/ },
  'a wrong checksum': {
    bytes: Buffer.concat([Buffer.from('z'), whole.subarray(1)]),
    says: /checksum|neither a tar archive/,
  },
  'a tar cut off in a file': {
    bytes: whole.subarray(0, 2000),
    says: /the archive ends|neither manifest\.json/,
  },
  'gzip cut off': { bytes: gzipSync(whole).subarray(0, 60), says: /damaged: unexpected end of file/ },
  'gzip damaged': {
    bytes: Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), noise]),
    says: /the archive is damaged/,
  },
  'zstd cut off': {
    bytes: zstdCompressSync(noise).subarray(0, 500),
    says: /damaged: unexpected end of file/,
  },
  'gzip of noise': { bytes: gzipSync(noise), says: /damaged|neither a tar archive/ },
  'xz damaged': {
    bytes: Buffer.concat([Buffer.from('fd377a585a00', 'hex'), noise]),
    says: /damaged: xz failed/,
  },
};

/** Entries that lead elsewhere, or to nothing: refused wherever entries become files. */
const ASTRAY: Readonly<Record<string, { bytes: Buffer; says: RegExp }>> = {
  'a name with ..': {
    bytes: tar({ name: '../../../tmp/tspod-never', content: 'x' }),
    says: /tspod-never": its name leads out/,
  },
  'a hard link to nothing': {
    bytes: tar({ name: 'h', type: 'hardlink', link: 'nothere' }),
    says: /nothere/,
  },
};

/** What comes before the bad entry is made: refused where that is thrown away. */
const BELOW_LINK: Readonly<Record<string, { bytes: Buffer; says: RegExp }>> = {
  'a name below a link': {
    bytes: tar({ name: 'l', link: '/nowhere', type: 'symlink' }, { name: 'l/never', content: 'x' }),
    says: /"l\/never": .*link/,
  },
};

const NEVER = 'localhost/never:1';
const DIFF_ID = `sha256:${'0'.repeat(64)}`;
const json = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const dockerArchive = (table: unknown, config: unknown = {}, ...more: FixtureEntry[]): Buffer =>
  tar({ name: 'manifest.json', content: json(table) }, { name: 'c.json', content: json(config) }, ...more);
const oneImage = (config: unknown, ...layers: string[]): Buffer =>
  dockerArchive(
    [{ Config: 'c.json', Layers: layers, RepoTags: [NEVER] }],
    config,
    ...layers.filter((name) => name !== 'missing.tar').map((name) => ({ name, content: whole })),
  );
const layout = (index: string): Buffer =>
  tar(
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: index },
  );
const withLayer = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [DIFF_ID] } };

const NO_IMAGES: Readonly<Record<string, { bytes: Buffer; says: RegExp }>> = {
  'an empty tar': { bytes: Buffer.alloc(10_240), says: /neither manifest\.json nor index\.json/ },
  'a table that is none': { bytes: dockerArchive('{{{'), says: /manifest\.json .* not valid JSON/ },
  'an empty table': { bytes: dockerArchive([]), says: /not a list of images/ },
  'a table of numbers': { bytes: dockerArchive([1]), says: /without configuration or layers/ },
  'a configuration that is missing': {
    bytes: dockerArchive([{ Config: 'no.json', Layers: [] }]),
    says: /no file no\.json/,
  },
  'a configuration that is none': { bytes: oneImage('nonsense'), says: /configuration of .*not valid JSON/ },
  'a configuration of null': { bytes: oneImage('null'), says: /configuration of .*not an object/ },
  'wrong types': { bytes: oneImage({ config: { Env: 3 } }), says: /config\.Env is not a list/ },
  'a layer that is missing': { bytes: oneImage(withLayer, 'missing.tar'), says: /no file missing\.tar/ },
  'a layer that is another': { bytes: oneImage(withLayer, 'l.tar'), says: /layer sha256:000000000000/ },
  'a name that is none': {
    bytes: dockerArchive([{ Config: 'c.json', Layers: [], RepoTags: ['UPPER CASE:::'] }]),
    says: /invalid reference format/,
  },
  'an index that is none': { bytes: layout('x'), says: /index\.json .*not valid JSON/ },
  'an index of wrong types': { bytes: layout('{"manifests":"x"}'), says: /manifests is not a list/ },
  'an index of a blob that is missing': {
    bytes: layout(
      `{"manifests":[{"digest":"${DIFF_ID}","size":3,"mediaType":"application/vnd.oci.image.manifest.v1+json"}]}`,
    ),
    says: /no file blobs\/sha256\/0000/,
  },
};

const NO_BUILDS: Readonly<Record<string, { bytes: Buffer; says: RegExp }>> = {
  nothing: { bytes: Buffer.alloc(0), says: /no file Dockerfile/ },
  'no Dockerfile': { bytes: tar({ name: 'b', content: 'x' }), says: /no file Dockerfile/ },
  'an unknown instruction': {
    bytes: tar({ name: 'Dockerfile', content: 'NONSENSE\n' }),
    says: /Dockerfile:1: unknown instruction/,
  },
  'a Dockerfile without instructions': {
    bytes: tar({ name: 'Dockerfile', content: '' }),
    says: /no instruction/,
  },
  'a directory Dockerfile': { bytes: tar({ name: 'Dockerfile/' }), says: /not a regular file/ },
  'a FIFO Dockerfile': { bytes: tar({ name: 'Dockerfile', type: 'fifo' }), says: /not a regular file/ },
  'a Dockerfile that leads out': {
    bytes: tar({ name: 'Dockerfile', link: '/etc/passwd', type: 'symlink' }),
    says: /no file Dockerfile/,
  },
};

describe('bodies that mean no good', () => {
  let service: ApiService;
  let container = '';
  let baseline: string[] = [];
  before(async () => {
    await busyboxImage();
    service = await startApiService();
    container = await created({ Cmd: ['true'] });
    assert.equal((await service.request('POST', '/volumes/create', { Name: 'hostile' })).status, 201);
    await tspodOk(['export', '-o', '/dev/null', container]);
    baseline = listStore(testRoot());
  });
  afterEach(async () => {
    assert.equal((await service.request('GET', '/containers/json?all=1')).status, 200);
    await waitFor('the store to be as before', () => listStore(testRoot()).join() === baseline.join());
  });
  after(async () => {
    if (container !== '') await tspodOk(['rm', '-f', container]);
    await tspodOk(['system', 'check']);
    await service?.stop();
  });

  async function created(body: object): Promise<string> {
    const config = { Image: BUSYBOX, HostConfig: { NetworkMode: 'none' }, ...body };
    const answer = await service.request('POST', '/containers/create', config);
    assert.equal(answer.status, 201, answer.text);
    return (answer.json as { Id: string }).Id;
  }

  function assertRefused(answer: ApiAnswer, says: RegExp, what: string): void {
    assert.equal(answer.status, 400, `${what}: ${answer.text}`);
    const { message, response } = answer.json as { message: string; response: number };
    assert.match(message, says, what);
    assert.doesNotMatch(message, /internal error/, what);
    assert.equal(response, 400, what);
  }

  const ROUTES = [
    { target: 'POST /build?t=localhost/never:1', tables: [BROKEN, ASTRAY, BELOW_LINK, NO_BUILDS] },
    { target: 'POST /libpod/build?t=localhost/never:1', tables: [BROKEN, ASTRAY, BELOW_LINK, NO_BUILDS] },
    { target: 'POST /images/load', tables: [BROKEN, NO_IMAGES] },
    { target: 'POST /libpod/images/load', tables: [BROKEN, NO_IMAGES] },
    { target: 'POST /images/create?fromSrc=-&repo=localhost/never', tables: [BROKEN, ASTRAY, BELOW_LINK] },
    { target: 'POST /libpod/images/import?reference=localhost/never', tables: [BROKEN, ASTRAY, BELOW_LINK] },
    { target: 'PUT /containers/ID/archive?path=/', tables: [BROKEN, ASTRAY] },
    { target: 'PUT /libpod/containers/ID/archive?path=/', tables: [BROKEN, ASTRAY] },
    { target: 'POST /libpod/volumes/hostile/import', tables: [BROKEN, ASTRAY] },
  ];
  for (const { target, tables } of ROUTES)
    test(`${target} refuses what is no archive for it, and keeps nothing`, async () => {
      const [method = '', path = ''] = target.replace('ID', container).split(' ');
      for (const [name, { bytes, says }] of tables.flatMap((table) => Object.entries(table))) {
        assertRefused(await service.request(method, path, bytes), says, `${target}: ${name}`);
      }
    });

  test('JSON of wrong types, too deep, too long', async () => {
    const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown;
    const long = 'x'.repeat(100_000);
    const create = '/containers/create';
    const base = { Image: BUSYBOX };
    for (const [path, body, says] of [
      [create, { ...base, Env: deep }, /Env/],
      [create, { ...base, Cmd: { a: 1 } }, /Cmd/],
      [create, { ...base, Labels: { a: 1 } }, /Labels/],
      [create, { ...base, HostConfig: 'x' }, /HostConfig/],
      [create, { ...base, HostConfig: { Memory: 1e308 } }, /Memory/],
      [create, { ...base, HostConfig: { Memory: 'much' } }, /Memory/],
      [create, { ...base, HostConfig: { Binds: [1] } }, /Binds/],
      [create, { ...base, HostConfig: { PortBindings: [1] } }, /PortBindings/],
      [
        create,
        { ...base, HostConfig: { Mounts: [{ Type: 'volume', Target: '/x', Source: long }] } },
        /volume/,
      ],
      [create, { ...base, Healthcheck: { Test: 1 } }, /Test/],
      [`/containers/${container}/update`, { CpuQuota: 1e308 }, /CpuQuota/],
      [`/containers/${container}/update`, { Memory: deep }, /Memory/],
      [`/commit?container=${container}`, { User: 1 }, /User/],
      [`/commit?container=${container}`, { Env: 'x' }, /Env/],
      [`/commit?container=${container}`, { ExposedPorts: deep }, /ExposedPorts/],
      [`/commit?container=${container}`, { Healthcheck: { Interval: 'x' } }, /Interval/],
      ['/volumes/create', { Name: long }, /volume name/],
      ['/volumes/create', { Labels: [] }, /Labels/],
      ['/networks/create', { Name: long }, /network name/],
      ['/networks/create', { Name: 'never', IPAM: 'x' }, /IPAM/],
      ['/libpod/networks/create', { name: 'never', subnets: 'x' }, /subnets/],
      ['/libpod/containers/create', { image: BUSYBOX, command: deep }, /command/],
      ['/libpod/pods/create', { name: 'never', labels: 3 }, /labels/],
    ] as const)
      assertRefused(
        await service.request('POST', path, body),
        says,
        `${path} ${JSON.stringify(body).slice(0, 80)}`,
      );
    for (const body of ['['.repeat(4_000_000), '{"a":'.repeat(1_000_000)])
      assertRefused(await service.request('POST', create, body), /invalid JSON/, body.slice(0, 10));
    const tooLong = `POST ${create} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n`;
    assert.match(await over(tooLong, false), /^HTTP\/1\.1 413 [\s\S]*larger than 8388608 bytes/);
    const noNetwork = { ...base, HostConfig: { NetworkMode: '\0' } };
    const answer = await service.request('POST', create, noNetwork);
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.text, /network .* not found/);
  });

  const over = async (text: string | Buffer, end: boolean): Promise<string> => {
    const client = await service.connect();
    let answer = '';
    client.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
    });
    client.on('error', () => {});
    client.write(text);
    if (end) client.end();
    await waitFor('the end of the connection', () => client.closed || client.readableEnded);
    client.destroy();
    return answer;
  };

  for (const target of [
    'POST /build',
    'POST /images/load',
    'POST /images/create?fromSrc=-',
    'PUT /containers/ID/archive?path=/',
    'POST /libpod/volumes/hostile/import',
    'POST /containers/create',
  ])
    test(`${target} says what is wrong with lengths that lie and chunks that are none`, async () => {
      const head = (line: string): string =>
        `${target.replace('ID', container)} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n${line}\r\n\r\n`;
      for (const [text, says] of [
        [Buffer.concat([Buffer.from(head(`Content-Length: ${whole.length * 2}`)), whole]), /incomplete/],
        [`${head('Transfer-Encoding: chunked')}4\r\nabcd\r\n`, /incomplete/],
        [`${head('Transfer-Encoding: chunked')}ffff\r\nabcd`, /incomplete/],
        [`${head('Transfer-Encoding: chunked')}nonsense\r\n`, /malformed/],
        [head('Content-Length: many'), /malformed/],
        [head('Content-Length: -1'), /malformed/],
        [head('Content-Length: 5\r\nTransfer-Encoding: chunked'), /malformed/],
      ] as const) {
        const answer = await over(text, true);
        assert.match(answer, /^HTTP\/1\.1 400 /, String(text).slice(0, 150));
        assert.match(answer, says, String(text).slice(0, 150));
      }
    });
});
