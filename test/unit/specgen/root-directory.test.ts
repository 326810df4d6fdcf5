import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseRootDirectory } from '../../../src/specgen/root-directory.ts';

it('a root directory is a path with words after colons, in any order', () => {
  assert.deepEqual(parseRootDirectory('/r', '/w'), { path: '/r', overlay: false });
  assert.deepEqual(parseRootDirectory('r:O', '/w'), { path: '/w/r', overlay: true });
  assert.deepEqual(parseRootDirectory('/r:idmap:O', '/w'), { path: '/r', overlay: true, idmap: 'idmap' });
  const idmap = 'idmap=uids=0-1000-1;gids=0-1000-1';
  assert.deepEqual(parseRootDirectory(`/a:b:${idmap}`, '/w'), { path: '/a:b', overlay: false, idmap });
  assert.throws(() => parseRootDirectory(':O', '/w'), /needs a directory/);
});
