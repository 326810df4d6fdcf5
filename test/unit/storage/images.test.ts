import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hexOf, sha256Of } from '../../../src/base/ids.ts';
import { openDatabase } from '../../../src/state/db.ts';
import { imageStore } from '../../../src/storage/images.ts';
import type { NewImage } from '../../../src/storage/store.ts';

const dir = mkdtempSync(join(tmpdir(), 'tspod-images-'));
let count = 0;
after(() => rmSync(dir, { recursive: true }));

function fresh() {
  const db = openDatabase(join(dir, `${count++}.db`));
  return { db, images: imageStore(db) };
}

function image(seed: string, more: Partial<NewImage> = {}): NewImage {
  return {
    manifest: `{"manifest":"${seed}"}`,
    manifestType: 'application/vnd.oci.image.manifest.v1+json',
    rawConfig: `{"os":"linux","architecture":"amd64","created":"2024-01-0${seed.length}T00:00:00Z","author":"${seed}"}`,
    topLayerId: undefined,
    names: [],
    digests: [],
    ...more,
  };
}

test('an image is found by id, prefix, name and digest, byte for byte', () => {
  const { images } = fresh();
  const digest = sha256Of('index');
  const given = image('a', {
    names: ['docker.io/library/a:latest'],
    digests: [['docker.io/library/a', digest]],
  });
  const added = images.add(given);
  assert.equal(added.id, hexOf(sha256Of(given.rawConfig)));
  assert.equal(added.rawConfig, given.rawConfig);
  assert.equal(added.manifestDigest, sha256Of(given.manifest));
  assert.equal(added.config.author, 'a');
  assert.deepEqual(added.repoDigests, [`docker.io/library/a@${digest}`]);
  for (const found of [
    images.byId(added.id),
    images.byName('docker.io/library/a:latest'),
    images.byDigest('docker.io/library/a', digest),
    images.byIdPrefix(added.id.slice(0, 5))[0],
    images.list()[0],
  ])
    assert.equal(found?.id, added.id);
  assert.equal(images.byIdPrefix('%').length, 0);
});

test('a name belongs to the image that got it last', () => {
  const { images } = fresh();
  const old = images.add(image('a', { names: ['x:1', 'x:2'] }));
  const young = images.add(image('bb', { names: ['x:1'] }));
  assert.equal(images.byName('x:1')?.id, young.id);
  assert.deepEqual(images.byId(old.id)?.names, ['x:2']);
  images.setName(old.id, 'x:1');
  assert.deepEqual(images.byId(old.id)?.names, ['x:1', 'x:2']);
  images.removeName('x:2');
  assert.deepEqual(images.names(), [{ name: 'x:1', imageId: old.id }]);
  assert.throws(() => images.setName('00', 'y:1'), { name: 'NotFoundError' });
});

test('adding an image again only adds names and digests', () => {
  const { images } = fresh();
  const first = images.add(image('a', { names: ['x:1'] }));
  const again = images.add(image('a', { names: ['x:2'], digests: [['x', sha256Of('m')]] }));
  assert.equal(again.pulledAt, first.pulledAt);
  assert.deepEqual([...again.names].sort(), ['x:1', 'x:2']);
  assert.equal(images.list().length, 1);
});

test('removing an image takes its names along', () => {
  const { images } = fresh();
  const { id } = images.add(image('a', { names: ['x:1'] }));
  images.remove(id);
  assert.equal(images.byName('x:1'), undefined);
  assert.deepEqual(images.names(), []);
});

test('an image whose top layer is not there cannot be added', () => {
  const { images } = fresh();
  assert.throws(() => images.add(image('a', { topLayerId: 'nope' })), { name: 'IncompleteLayerError' });
  assert.equal(images.list().length, 0);
});

test('a damaged configuration harms only who looks at it', () => {
  const { db, images } = fresh();
  const { id } = images.add(image('a', { names: ['x:1'] }));
  images.add(image('bb'));
  db.prepare("UPDATE images SET config = '{' WHERE id = ?").run(id);
  const listed = images.list();
  assert.equal(listed.length, 2);
  assert.throws(() => listed.find((one) => one.id === id)?.config, { name: 'IntegrityError' });
});
