import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoredIn as ignoredWithReasons } from '../../../src/base/containers-conf-ignored.ts';

const ignoredIn = (document: Record<string, unknown>) => ignoredWithReasons(document).map(([name]) => name);

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

test('a value that another key would have no effect with is named with its reason', () => {
  assert.deepEqual(ignoredWithReasons({ network: { network_backend: 'cni' } }), [
    ['network.network_backend', 'networks are made with netavark'],
  ]);
  assert.deepEqual(ignoredIn({ network: { network_backend: 'netavark' } }), []);
});
