import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidSpecError } from '../../../src/base/errors.ts';
import {
  familiarName,
  formatReference,
  isShortName,
  parseReference,
  withDefaultTag,
  withoutIgnoredTag,
} from '../../../src/image/reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('image names', () => {
  for (const [typed, full] of [
    ['busybox', 'docker.io/library/busybox'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['foo/bar', 'docker.io/foo/bar'],
    ['docker.io/busybox', 'docker.io/library/busybox'],
    ['index.docker.io/busybox', 'docker.io/library/busybox'],
    ['quay.io/busybox', 'quay.io/busybox'],
    ['localhost/x:1', 'localhost/x:1'],
    ['localhost:5000/x', 'localhost:5000/x'],
    ['host:5000/a/b/c:t', 'host:5000/a/b/c:t'],
    ['[::1]:5000/x', '[::1]:5000/x'],
    ['a__b/c-d/e.f', 'docker.io/a__b/c-d/e.f'],
    [`x@${DIGEST}`, `docker.io/library/x@${DIGEST}`],
    [`r.io:1/x:t@${DIGEST}`, `r.io:1/x:t@${DIGEST}`],
    ['x:T_a.g-1', 'docker.io/library/x:T_a.g-1'],
  ] as const) {
    it(`reads ${typed} as ${full}`, () => assert.equal(formatReference(parseReference(typed)), full));
  }

  for (const [typed, reason] of [
    ['', 'repository name must have at least one component'],
    [':tag', 'repository name must have at least one component'],
    ['Busybox', 'repository name must be lowercase'],
    ['quay.io/Foo/bar', 'repository name must be lowercase'],
    ['a b', 'invalid reference format'],
    ['x:', 'invalid reference format'],
    ['x:-t', 'invalid reference format'],
    [`x:${'t'.repeat(129)}`, 'invalid reference format'],
    ['docker.io/', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a___b', 'invalid reference format'],
    ['x@sha256:12', 'invalid reference format'],
    [`x@sha256:${'a'.repeat(63)}`, 'invalid checksum digest length'],
    [`x@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
    ['../etc/passwd', 'invalid reference format'],
    [`a/${'b'.repeat(255)}`, 'repository name must not be more than 255 characters'],
    [
      'a'.repeat(64),
      `invalid repository name (${'a'.repeat(64)}), cannot specify 64-byte hexadecimal strings`,
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(typed.slice(0, 40))}: ${reason.slice(0, 40)}`, () =>
      assert.throws(
        () => parseReference(typed),
        (error: Error) => {
          assert.ok(error instanceof InvalidSpecError);
          assert.equal(error.message, `parsing reference ${JSON.stringify(typed)}: ${reason}`);
          return true;
        },
      ));
  }

  it('are refused when they are too long, before anything else is looked at', { timeout: 60_000 }, () => {
    assert.throws(
      () => parseReference(`${'a-'.repeat(1_000_000)}!`),
      ({ message }: Error) => message.length < 500 && /must not be more than 255 characters$/.test(message),
    );
  });

  it('adds latest only where nothing says which image', () => {
    assert.equal(formatReference(withDefaultTag(parseReference('a/b'))), 'docker.io/a/b:latest');
    assert.equal(formatReference(withDefaultTag(parseReference('a/b:1'))), 'docker.io/a/b:1');
    assert.equal(withDefaultTag(parseReference(`a/b@${DIGEST}`)).tag, undefined);
  });

  it('lets the digest win over the tag', () => {
    const name = withoutIgnoredTag(parseReference(`a/b:1@${DIGEST}`));
    assert.equal(formatReference(name), `docker.io/a/b@${DIGEST}`);
  });

  it('knows short names', () => {
    assert.deepEqual(['a', 'a/b', 'localhost/a', 'a.b/c', 'a:1/b', 'a:1'].map(isShortName), [
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it("gives docker's familiar form", () => {
    assert.deepEqual(
      ['docker.io/library/a:1', 'docker.io/b/a:1', 'quay.io/library/a', 'localhost/a:1'].map(familiarName),
      ['a:1', 'b/a:1', 'quay.io/library/a', 'localhost/a:1'],
    );
  });
});
