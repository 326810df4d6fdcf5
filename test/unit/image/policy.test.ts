import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { lookasideFor, readLookasides } from '../../../src/image/lookaside.ts';
import { checkArchivePolicy, checkPolicy, registryScopes } from '../../../src/image/policy.ts';
import { parseReference } from '../../../src/image/reference.ts';

let directory = '';
let file = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tspod-policy-'));
  file = join(directory, 'policy.json');
});
after(() => rmSync(directory, { recursive: true }));

describe('a policy', () => {
  const accept = [{ type: 'insecureAcceptAnything' }];
  const reject = [{ type: 'reject' }];

  test('is that of the narrowest scope', () => {
    const docker = {
      'reg.example': reject,
      'reg.example/good': accept,
      'reg.example/good/app:bad': reject,
      '*.sub.example': accept,
    };
    writeFileSync(file, JSON.stringify({ default: reject, transports: { docker } }));
    const verdict = (name: string) => checkPolicy(parseReference(name), { file });
    assert.deepEqual(verdict('reg.example/good/app:1')?.signatures, []);
    assert.deepEqual(verdict('a.sub.example/x:1')?.signatures, []);
    for (const name of [
      'reg.example/app:1',
      'reg.example/good/app:bad',
      'else.example/x:1',
      'sub.example/x:1',
    ])
      assert.throws(() => verdict(name), /rejected by policy/, name);
  });

  test('asks archives, which have no signatures', () => {
    const transports = { oci: { '/good': accept }, dir: { '': [{ type: 'signedBy' }] } };
    writeFileSync(file, JSON.stringify({ default: reject, transports }));
    checkArchivePolicy('oci', '/good/image', { file });
    assert.throws(() => checkArchivePolicy('oci', '/goods', { file }), /rejected/);
    assert.throws(() => checkArchivePolicy('dir', '/x', { file }), /wants a signature \(signedBy\)/);
    writeFileSync(file, 'no json');
    assert.throws(() => checkArchivePolicy('dir', '/x', { file }), /reading policy/);
  });
});

test('registries.d says where signatures lie', () => {
  const text = `# comment
default-docker:
    lookaside: file:///all # here
docker:
    reg.example:8080:
        sigstore: 'https://old.example'
    "reg.example/deep":
        lookaside: https://deep.example
        lookaside-staging: file:///never
`;
  writeFileSync(join(directory, 'a.yaml'), text);
  writeFileSync(join(directory, 'ignored.txt'), '???');
  const known = readLookasides(directory);
  const at = (name: string) => lookasideFor(registryScopes(parseReference(name)), known);
  assert.equal(at('reg.example:8080/x:1'), 'https://old.example');
  assert.equal(at('reg.example/deep/er:1'), 'https://deep.example');
  assert.equal(at('other.example/x'), 'file:///all');
  writeFileSync(join(directory, 'b.yaml'), '- what\n');
  assert.throws(() => readLookasides(directory), /b\.yaml: cannot read line/);
});
