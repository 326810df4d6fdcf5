import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoredIn } from '../../../src/base/containers-conf-ignored.ts';

test('keys without effect are those that a file gives a value', () => {
  const document = {
    engine: { events_logger: 'journald', remote: false },
    containers: { cgroups: 'enabled' },
  };
  assert.deepEqual(ignoredIn(document), ['engine.events_logger', 'engine.remote']);
});

test('headings of empty tables, as distributions ship them, are no setting', () => {
  assert.deepEqual(ignoredIn({ engine: { volume_plugins: {} }, secrets: { opts: {} } }), []);
  assert.deepEqual(ignoredIn({ engine: { volume_plugins: { a: '/run/a.sock' } } }), [
    'engine.volume_plugins',
  ]);
});
