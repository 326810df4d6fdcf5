import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseReference } from '../../../src/image/reference.ts';
import { isIdentityMatch } from '../../../src/image/signed-identity.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const tagged = parseReference('reg.example/app:1');
const byDigest = parseReference(`reg.example/app@${DIGEST}`);

describe('isIdentityMatch', () => {
  test('wants the same name, or any of the repository for an image asked for by digest', () => {
    assert.equal(isIdentityMatch('reg.example/app:1', tagged), true);
    assert.equal(isIdentityMatch('reg.example/app:2', tagged), false);
    assert.equal(isIdentityMatch('reg.example/app', tagged), false);
    assert.equal(isIdentityMatch('reg.example/app:2', byDigest), true);
    assert.equal(isIdentityMatch('reg.example/other:2', byDigest), false);
    assert.equal(isIdentityMatch('Not A Name', tagged), false);
  });

  test('follows the rule of the policy', () => {
    assert.equal(isIdentityMatch('reg.example/app:2', byDigest, { type: 'matchExact' }), false);
    assert.equal(isIdentityMatch('reg.example/app', tagged, { type: 'matchRepository' }), true);
    const exact = { type: 'exactReference', dockerReference: 'up.example/app:9' };
    assert.equal(isIdentityMatch('up.example/app:9', tagged, exact), true);
    assert.equal(isIdentityMatch('reg.example/app:1', tagged, exact), false);
    const repository = { type: 'exactRepository', dockerRepository: 'up.example/app' };
    assert.equal(isIdentityMatch('up.example/app:3', tagged, repository), true);
    const remap = { type: 'remapIdentity', prefix: 'reg.example', signedPrefix: 'up.example/x' };
    assert.equal(isIdentityMatch('up.example/x/app:1', tagged, remap), true);
    assert.equal(isIdentityMatch('reg.example/app:1', tagged, remap), false);
    const half = { type: 'remapIdentity', prefix: 'reg.ex', signedPrefix: 'up' };
    assert.equal(isIdentityMatch('reg.example/app:1', tagged, half), true);
    assert.throws(
      () => isIdentityMatch('reg.example/app:1', tagged, { type: 'else' }),
      /unknown signedIdentity/,
    );
  });
});
