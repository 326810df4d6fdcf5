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

test('other programs of podman are named too', () => {
  const document = {
    machine: { cpus: 2 },
    farms: { default: 'f', list: {} },
    podmansh: { shell: '/bin/sh' },
  };
  assert.deepEqual(ignoredIn(document).sort(), ['farms.default', 'machine.cpus', 'podmansh.shell']);
});
