import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ConflictError, NotFoundError } from '../../../src/base/errors.ts';
import { type Digest, sha256Of } from '../../../src/base/ids.ts';
import { lookUpImage, resolveImage } from '../../../src/image/resolve.ts';
import type { ImageRecord } from '../../../src/storage/store.ts';
import { buildImage } from '../../fixtures/images.ts';
import { type MemoryStore, memoryStore } from '../../fixtures/memory-store.ts';

describe('finding a local image', () => {
  let directory: string;
  let store: MemoryStore;
  const before_ = process.env['CONTAINERS_REGISTRIES_CONF'];
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-resolve-'));
    process.env['CONTAINERS_REGISTRIES_CONF'] = join(directory, 'registries.conf');
    writeFileSync(
      join(directory, 'registries.conf'),
      'unqualified-search-registries = ["search.io"]\n[aliases]\n"nick" = "alias.io/full/nick"\n',
    );
  });
  after(() => {
    if (before_ === undefined) delete process.env['CONTAINERS_REGISTRIES_CONF'];
    else process.env['CONTAINERS_REGISTRIES_CONF'] = before_;
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    store = memoryStore();
  });

  let serial = 0;
  function add(names: readonly string[], digests: readonly (readonly [string, Digest])[] = []): ImageRecord {
    const image = buildImage({ layers: [], run: { Labels: { serial: String(serial++) } } });
    return store.images.add({
      manifest: image.manifest.bytes.toString(),
      manifestType: image.manifest.mediaType,
      rawConfig: image.config.bytes.toString(),
      topLayerId: undefined,
      names,
      digests,
    });
  }
  const find = async (name: string) => {
    const found = await lookUpImage(store.images, name);
    return found === undefined ? undefined : [found.image.id, found.name];
  };

  it('takes a full id, with or without its algorithm, and any unique beginning', async () => {
    const { id } = add(['quay.io/a:1']);
    for (const text of [id, `sha256:${id}`, id.slice(0, 12), id.slice(0, 3), `sha256:${id.slice(0, 9)}`]) {
      assert.deepEqual(await find(text), [id, ''], text);
    }
  });

  it('says which images share the beginning of an id', async () => {
    const all = Array.from({ length: 17 }, () => add([]));
    const digit = '0123456789abcdef'
      .split('')
      .find((one) => all.filter((image) => image.id.startsWith(one)).length > 1);
    await assert.rejects(lookUpImage(store.images, digit ?? ''), ConflictError);
  });

  it('finds busybox as localhost/busybox:latest', async () => {
    const { id } = add(['localhost/busybox:latest']);
    assert.deepEqual(await find('busybox'), [id, 'localhost/busybox:latest']);
    assert.equal(await find('busybox:other'), undefined);
  });

  it('prefers alias, localhost, search registries and docker.io in this order', async () => {
    const names = [
      'other.io/deep/nick:latest',
      'docker.io/library/nick:latest',
      'search.io/nick:latest',
      'localhost/nick:latest',
      'alias.io/full/nick:latest',
    ];
    for (const name of names) {
      const { id } = add([name]);
      assert.deepEqual(await find('nick'), [id, name]);
    }
  });

  it('finds a short name by the end of any local name', async () => {
    const { id } = add(['quay.io/team/tool:2']);
    assert.deepEqual(await find('tool:2'), [id, 'quay.io/team/tool:2']);
    assert.deepEqual(await find('team/tool:2'), [id, 'quay.io/team/tool:2']);
    assert.equal(await find('ool:2'), undefined);
    assert.equal(await find('localhost/tool:2'), undefined);
  });

  it('takes a name of hex digits for a name before it takes it for an id', async () => {
    const first = add([]);
    const hex = first.id.slice(0, 4);
    const { id } = add([`localhost/${hex}:latest`]);
    assert.deepEqual(await find(hex), [id, `localhost/${hex}:latest`]);
  });

  it('finds by repository and digest, ignoring a tag beside it', async () => {
    const digest = sha256Of('manifest');
    const { id } = add([], [['quay.io/team/tool', digest]]);
    const name = `quay.io/team/tool@${digest}`;
    assert.deepEqual(await find(name), [id, name]);
    assert.deepEqual(await find(`quay.io/team/tool:9@${digest}`), [id, name]);
    assert.deepEqual(await find(`tool@${digest}`), [id, name]);
    assert.equal(await find(`quay.io/else@${digest}`), undefined);
  });

  it('looks at docker.io first when it plays docker', async () => {
    add(['localhost/x:latest']);
    const { id } = add(['docker.io/library/x:latest']);
    const found = await lookUpImage(store.images, 'x', { shortNames: 'docker' });
    assert.equal(found?.image.id, id);
  });

  it('says what to do when there is none', async () => {
    await assert.rejects(resolveImage(store.images, 'nosuch'), (error: Error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.message, 'nosuch: image not known');
      assert.equal(error.hint, 'try `tspod pull nosuch`');
      return true;
    });
  });
});
