import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyCdiEdits } from '../../../src/oci/cdi-edits.ts';
import { parseCdiName, parseCdiSpec } from '../../../src/oci/cdi-spec.ts';
import { toRuntimeSpec } from '../../../src/specgen/to-runtime-spec.ts';
import { bundleFixture, hostFixture, specOf } from '../specgen/fixture.ts';

const parse = (edits: unknown) =>
  parseCdiSpec({ kind: 'a.b/c', devices: [{ name: '0', containerEdits: edits }] }, 'x.json').devices[0]
    ?.edits;

describe('CDI specifications', () => {
  it('have names of vendor, class and device', () => {
    assert.deepEqual(parseCdiName('nvidia.com/gpu=GPU-0:1'), { kind: 'nvidia.com/gpu', name: 'GPU-0:1' });
    for (const text of ['/dev/fuse', 'gpu=0', 'a/b=', '/a/b=c']) assert.equal(parseCdiName(text), undefined);
  });

  it('are refused when a member is wrong or would be ignored', () => {
    assert.throws(() => parseCdiSpec([], 'x.json'), /x\.json: the file is not an object/);
    assert.throws(
      () => parseCdiSpec({ kind: 'x' }, 'x.json'),
      /"kind" of the file must be vendor\.com\/class/,
    );
    assert.throws(() => parse({ env: [1] }), /"env" of containerEdits must be a list of texts/);
    assert.throws(() => parse({ intelRdt: { closID: 'x' } }), /"intelRdt".* is not supported/);
    assert.throws(() => parse({ deviceNodes: [{ path: 'dev/x' }] }), /must be an absolute path/);
  });

  it('change config.json: a node, its cgroup rule, a variable in place of another, groups', () => {
    const edits = parse({
      env: ['PATH=/x'],
      deviceNodes: [{ path: '/dev/mine', hostPath: '/dev/null', permissions: 'rw', fileMode: 0o600 }],
      additionalGids: [0, 44],
    });
    assert.ok(edits);
    const document = toRuntimeSpec(specOf({}), hostFixture(), bundleFixture());
    applyCdiEdits(document, [edits], { confined: false });
    const [node] = document.linux.devices ?? [];
    assert.deepEqual([node?.path, node?.major, node?.minor, node?.fileMode], ['/dev/mine', 1, 3, 0o600]);
    assert.deepEqual(document.linux.resources?.devices?.at(-1), {
      allow: true,
      type: 'c',
      major: 1,
      minor: 3,
      access: 'rw',
    });
    assert.deepEqual(
      document.process.env.filter((text) => text.startsWith('PATH=')),
      ['PATH=/x'],
    );
    assert.deepEqual(document.process.user.additionalGids, [44]);

    const confined = toRuntimeSpec(specOf({}), hostFixture(), bundleFixture());
    applyCdiEdits(confined, [edits], { confined: true });
    assert.deepEqual(confined.linux.devices, undefined);
    assert.equal(confined.mounts.at(-1)?.source, '/dev/null');
  });
});
