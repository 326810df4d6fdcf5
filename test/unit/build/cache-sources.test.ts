import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheSources, cacheTargets } from '../../../src/build/cache-sources.ts';

const PODMAN = { asDocker: false };

describe('sources of a cache', () => {
  test('are repositories without a tag, images with one', () => {
    const texts = ['example.com/a', 'example.com:5000/b', 'c:1', 'type=registry,ref=example.com/d'];
    assert.deepEqual(cacheSources(texts, PODMAN), {
      from: ['example.com/a', 'example.com:5000/b', 'example.com/d'],
      images: ['c:1'],
    });
  });

  test('are images only, as docker has it', () => {
    assert.deepEqual(cacheSources(['a', 'b:1'], { asDocker: true }), { from: [], images: ['a', 'b:1'] });
  });

  test('of other kinds are refused by name', () => {
    for (const type of ['gha', 's3', 'azblob', 'local', 'inline'])
      assert.throws(
        () => cacheSources([`type=${type},src=x`], PODMAN),
        new RegExp(`--cache-from type=${type} `),
      );
    assert.throws(() => cacheSources(['type=registry'], PODMAN), /needs ref=/);
  });
});

test('a target is a repository; the history of an image is there in any case', () => {
  assert.deepEqual(cacheTargets(['example.com/a', 'type=inline', 'type=registry,ref=b,mode=max']), [
    'example.com/a',
    'b',
  ]);
  assert.throws(() => cacheTargets(['example.com/a:1']), /without a tag/);
});
