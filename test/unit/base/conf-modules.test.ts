import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findModules, listModules } from '../../../src/base/conf-modules.ts';
import { readRuntimeConfig } from '../../../src/base/containers-conf.ts';

const home = mkdtempSync(join(tmpdir(), 'tspod-modules-'));
after(() => rmSync(home, { recursive: true }));

test('a module is a path, or a name in the user’s directory', () => {
  const directory = join(home, 'containers.conf.modules');
  mkdirSync(directory);
  const path = join(directory, 'a.conf');
  writeFileSync(path, '[containers]\npids_limit = 77\n');
  assert.deepEqual(findModules(['a.conf', path], home), [path, path]);
  assert.throws(() => findModules(['b.conf'], home), /module "b\.conf" of containers\.conf not found/);
  const none = { CONTAINERS_CONF: '/dev/null' };
  const config = readRuntimeConfig({ runRoot: '/nonexistent' }, none, [path]);
  assert.equal(config.containers.pidsLimit, 77);
  assert.deepEqual(config.origin, { 'containers.pids_limit': path });
  assert.deepEqual(config.values, { 'containers.pids_limit': 77 });
});

test('modules by name are the files below the directories, each once', () => {
  const user = mkdtempSync(join(home, 'user-'));
  const directory = join(user, 'containers.conf.modules');
  mkdirSync(join(directory, 'deep'), { recursive: true });
  for (const name of ['b.conf', 'deep/a.conf']) writeFileSync(join(directory, name), '');
  const names = listModules(user).filter(({ place }) => place === directory);
  assert.deepEqual(
    names.map(({ name }) => name),
    ['b.conf', 'deep/a.conf'],
  );
  assert.deepEqual(findModules(['deep/a.conf'], user), [join(directory, 'deep/a.conf')]);
});
