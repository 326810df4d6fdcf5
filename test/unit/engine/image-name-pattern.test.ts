import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameMatcher } from '../../../src/engine/image-name-pattern.ts';

const NAME = 'docker.io/library/busybox:1.36';

test('a pattern means the whole name or its end, with or without the tag', () => {
  for (const pattern of [
    'busybox',
    'busybox:1.36',
    'library/busybox',
    'docker.io/library/busybox:1.36',
    'busy*',
    '*/busybox',
    'busybox:1.*',
    'busybo[xy]',
  ]) {
    assert.ok(nameMatcher(pattern)(NAME), pattern);
  }
});

test('a wildcard stays within its component, and a part of a word is not the word', () => {
  for (const pattern of ['box', 'docker.io/*', 'busybox:1', '*/*/*/busybox', 'busybo[!x]', 'library']) {
    assert.ok(!nameMatcher(pattern)(NAME), pattern);
  }
});

test('characters of regular expressions mean themselves', () => {
  assert.ok(!nameMatcher('busybox:1?36')('docker.io/library/busybox:1.365'));
  assert.ok(!nameMatcher('docker-io/library/busybox')(NAME));
  assert.ok(nameMatcher('a.b')('localhost/a.b:latest') && !nameMatcher('a.b')('localhost/axb:latest'));
  assert.doesNotThrow(() => nameMatcher('a[')('localhost/a:latest'));
});

test('the port of a registry is not taken for a tag', () => {
  assert.ok(nameMatcher('localhost:5000/x')('localhost:5000/x:latest'));
});
