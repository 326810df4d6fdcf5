import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { beginCgroupMove } from '../../../src/libpod/cgroup-head-start.ts';
import { waitFor } from '../../fixtures/wait-for.ts';

test('beginning to change the cgroup changes nothing, whoever may do it, and leaves no descriptor', async () => {
  const before = readFileSync('/proc/self/cgroup', 'utf8');
  beginCgroupMove();
  await waitFor('the descriptor is closed', () => openCgroupFiles().length === 0);
  assert.equal(readFileSync('/proc/self/cgroup', 'utf8'), before);
});

function openCgroupFiles(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((path) => path.endsWith('cgroup.procs'));
}
