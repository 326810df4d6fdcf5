import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RuntimeError } from '../../../src/base/errors.ts';
import { deniedByPolicy } from '../../../src/libpod/explain-program.ts';

const denied = new RuntimeError('exec /bin/true: permission denied');

it('what modes allow and the kernel denies is laid to the policy that applies to the container', () => {
  assert.match(deniedByPolicy(denied, { apparmorProfile: 'strict' })?.cause ?? '', /AppArmor profile strict/);
  assert.match(deniedByPolicy(denied, { selinuxLabel: 'a:b:c:s0' })?.hint ?? '', /:z or :Z/);
});

it('nothing is laid to a policy that does not apply, nor another failure to any', () => {
  assert.equal(deniedByPolicy(denied, {}), undefined);
  assert.equal(deniedByPolicy(denied, { apparmorProfile: 'unconfined', selinuxLabel: '' }), undefined);
  const other = new RuntimeError('exec format error');
  assert.equal(deniedByPolicy(other, { apparmorProfile: 'strict' }), undefined);
});
