import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringifyRuntimeJson, UNLIMITED } from '../../../src/oci/runtime-json.ts';

describe('runtime JSON', () => {
  it('writes "unlimited" to the digit, also after it was read back', () => {
    const text = '{"rlimits":[{"hard":18446744073709551615,"soft":1024}]}';
    assert.equal(stringifyRuntimeJson({ rlimits: [{ hard: UNLIMITED, soft: 1024 }] }), text);
    assert.equal(stringifyRuntimeJson(JSON.parse(text)), text);
  });
});
