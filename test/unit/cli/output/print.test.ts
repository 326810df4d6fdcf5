import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withoutControls } from '../../../../src/cli/output/print.ts';

it('an error message cannot steer the terminal', () => {
  assert.equal(withoutControls('a\x1b[31mb\x07\x9b\rc'), 'a\\x1b[31mb\\x07\\x9b\\x0dc');
  assert.equal(withoutControls('two\n\tlines: ü'), 'two\n\tlines: ü');
});
