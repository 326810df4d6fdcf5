import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Readable } from 'node:stream';
import { sha256Of } from '../../../src/base/ids.ts';
import { removeImages, untagImage } from '../../../src/image/remove.ts';
import { buildImage } from '../../fixtures/images.ts';
import { type MemoryStore, memoryStore } from '../../fixtures/memory-store.ts';

describe('removing images', () => {
  let store: MemoryStore;
  let users: string[];
  let removed: string[];
  let id: string;
  const remove = (names: string[], options = {}) =>
    removeImages(
      {
        store,
        containersUsing: () => users,
        unmount: async () => {},
        removeContainers: async (containers) => {
          removed.push(...containers);
        },
      },
      names,
      options,
    );
  beforeEach(async () => {
    store = memoryStore();
    users = [];
    removed = [];
    const image = buildImage({ layers: [[{ name: 'x' }]] });
    const tar = image.tars[0] ?? Buffer.alloc(0);
    const layer = await store.layers.apply({
      parent: undefined,
      diffId: sha256Of(tar),
      source: Readable.from([tar]),
      compression: 'none',
    });
    ({ id } = store.images.add({
      manifest: image.manifest.bytes.toString(),
      manifestType: image.manifest.mediaType,
      rawConfig: image.config.bytes.toString(),
      topLayerId: layer.id,
      names: ['localhost/a:1', 'localhost/a:2'],
      digests: [],
    }));
  });

  it('takes one of several names away, then deletes image and layers with the last', async () => {
    const first = await remove(['a:1']);
    assert.deepEqual(first, { untagged: ['localhost/a:1'], deleted: [], errors: [] });
    const layer = store.images.byId(id)?.topLayerId ?? '';
    const second = await remove(['a:2']);
    assert.deepEqual(second, { untagged: ['localhost/a:2'], deleted: [id], errors: [] });
    assert.equal(store.layers.get(layer), undefined);
  });

  it('wants force for an id with several names', async () => {
    const refused = await remove([id.slice(0, 12)]);
    assert.match(
      refused.errors[0]?.message ?? '',
      /^unable to delete image "[0-9a-f]{64}" by ID with more than one tag/,
    );
    const forced = await remove([id], { force: true });
    assert.deepEqual(forced.deleted, [id]);
    assert.deepEqual(forced.untagged.sort(), ['localhost/a:1', 'localhost/a:2']);
  });

  it('leaves an image that containers use, unless forced: then they go first', async () => {
    users = ['c1', 'c2'];
    assert.deepEqual((await remove(['a:1'])).errors, []);
    const refused = await remove(['a:2']);
    assert.equal(refused.errors[0]?.name, 'InUseError');
    assert.match(refused.errors[0]?.message ?? '', /^image used by c1, c2/);
    assert.deepEqual(removed, []);
    assert.deepEqual((await remove(['a:2'], { force: true })).deleted, [id]);
    assert.deepEqual(removed, ['c1', 'c2']);
  });

  it('goes on after a name that is not there', async () => {
    const report = await remove(['nosuch', 'a:1']);
    assert.deepEqual(
      report.errors.map((error) => error.message),
      ['nosuch: image not known'],
    );
    assert.deepEqual(report.untagged, ['localhost/a:1']);
    assert.deepEqual((await remove(['nosuch'], { ignore: true })).errors, []);
  });

  it('untags all names but keeps the image', async () => {
    await assert.rejects(untagImage({ store }, 'a:1', ['nosuch']), { name: 'NotFoundError' });
    await untagImage({ store }, 'a:1', []);
    assert.deepEqual(store.images.byId(id)?.names, []);
  });
});
