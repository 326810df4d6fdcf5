import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RuntimeRef } from '../../../src/oci/runtime-client.ts';
import { removeRuntimeState } from '../../../src/oci/runtime-state.ts';

const stateRoot = mkdtempSync(join(tmpdir(), 'tspod-state-'));
after(() => rmSync(stateRoot, { recursive: true }));

const runtime = (changes: Partial<RuntimeRef> = {}): RuntimeRef => ({
  name: 'crun',
  path: '/usr/bin/crun',
  args: [],
  stateRoot,
  systemdCgroup: false,
  sandboxed: false,
  ...changes,
});

function withState(id: string): string {
  mkdirSync(join(stateRoot, id));
  writeFileSync(join(stateRoot, id, 'status'), '{}');
  return id;
}

describe('removing the state of an ended container', () => {
  it('needs no runtime for crun and runc', () => {
    for (const name of ['crun', 'runc']) {
      const id = withState(`of-${name}`);
      assert.equal(removeRuntimeState(runtime({ name }), id, undefined), true);
      assert.ok(!existsSync(join(stateRoot, id)));
    }
    assert.equal(removeRuntimeState(runtime(), withState('x'), '/tspod-test-no-such-cgroup'), true);
  });

  it('is left to the runtime where it may hold more', () => {
    const id = withState('kept');
    assert.equal(removeRuntimeState(runtime({ name: 'runsc' }), id, undefined), false);
    assert.equal(removeRuntimeState(runtime({ systemdCgroup: true }), id, undefined), false);
    assert.equal(removeRuntimeState(runtime(), id, 'machine.slice:libpod:x'), false);
    assert.equal(removeRuntimeState(runtime(), 'never-was', undefined), false);
    assert.ok(existsSync(join(stateRoot, id)));
  });
});
