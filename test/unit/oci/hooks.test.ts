import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { hooksFor } from '../../../src/oci/hooks.ts';

const SUBJECT = {
  args: ['/bin/sh', '-c', 'true'],
  annotations: { 'com.example/a': 'yes' },
  hasBindMounts: false,
};
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hooks-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function define(name: string, when: object, more: object = {}): void {
  const definition = {
    version: '1.0.0',
    hook: { path: '/usr/bin/hook', args: ['hook', name] },
    when,
    stages: ['poststart'],
    ...more,
  };
  writeFileSync(join(directory, name), JSON.stringify(definition));
}

describe('hook definitions', () => {
  test('apply where all their conditions hold, in the order of their names', () => {
    define('20-b.json', { always: true });
    define('10-a.json', { commands: ['^/bin/sh$'], annotations: { '^com\\.example/': '^y' } });
    define('30-c.json', { always: true, hasBindMounts: true });
    define('40-d.json', { commands: ['^/bin/other$'] });
    define('50-e.json', {});
    writeFileSync(join(directory, 'notes.txt'), 'not a hook');
    assert.deepEqual(hooksFor([directory, '/does/not/exist'], SUBJECT), {
      poststart: [
        { path: '/usr/bin/hook', args: ['hook', '10-a.json'] },
        { path: '/usr/bin/hook', args: ['hook', '20-b.json'] },
      ],
    });
  });

  test('of a later directory replace those of the same name', () => {
    define('a.json', { always: true });
    const later = join(directory, 'later');
    mkdirSync(later);
    writeFileSync(
      join(later, 'a.json'),
      JSON.stringify({
        version: '1.0.0',
        hook: { path: '/new' },
        when: { always: true },
        stages: ['prestart'],
      }),
    );
    assert.deepEqual(hooksFor([directory, later], SUBJECT), { prestart: [{ path: '/new' }] });
  });

  test('that are malformed are named', () => {
    define('bad.json', { always: true }, { stages: ['never'] });
    assert.throws(() => hooksFor([directory], SUBJECT), /bad\.json: unknown stage "never"/);
    define('bad.json', { always: 'yes' });
    assert.throws(() => hooksFor([directory], SUBJECT), /when\.always is not true or false/);
    writeFileSync(join(directory, 'bad.json'), '{');
    assert.throws(() => hooksFor([directory], SUBJECT), /hook definition .*bad\.json/);
  });

  test('are none where there is nothing', () => {
    assert.equal(hooksFor(['/does/not/exist'], SUBJECT), undefined);
  });
});
