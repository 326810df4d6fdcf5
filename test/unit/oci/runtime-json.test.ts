import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringifyRuntimeJson, UNLIMITED } from '../../../src/oci/runtime-json.ts';

describe('runtime JSON', () => {
  it('writes "unlimited" to the digit, also after it was read back', () => {
    const process = { terminal: false, user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/' };
    const limit = { type: 'RLIMIT_NOFILE', hard: UNLIMITED, soft: 1024 };
    const text = stringifyRuntimeJson({ ...process, rlimits: [limit] });
    assert.match(text, /"hard":18446744073709551615,"soft":1024\b/);
    assert.equal(stringifyRuntimeJson(JSON.parse(text)), text);
  });
});
