import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLogTag, logTag } from '../../../src/specgen/log-tag.ts';
import { specOf } from './fixture.ts';

describe('the tag of a log', () => {
  it('is filled in with what docker and podman call the container and its image', () => {
    const spec = { ...specOf({}), name: 'web' };
    const id = 'a'.repeat(64);
    const filled = logTag('{{.Name}} {{ .ID }} {{.FullID}} {{.ImageID}} {{.ImageName}}', spec, id);
    assert.equal(filled, `web ${'a'.repeat(12)} ${id} ${'f'.repeat(12)} docker.io/library/busybox:latest`);
  });

  it('is refused when it is not text and known keys', () => {
    checkLogTag('plain');
    for (const template of ['{{.Nmae}}', '{{if .ID}}', 'a }} b', 'two\nlines'])
      assert.throws(() => checkLogTag(template), /invalid --log-opt tag/);
  });
});
