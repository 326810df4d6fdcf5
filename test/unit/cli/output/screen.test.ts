import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitLine } from '../../../../src/cli/output/screen.ts';

test('a line is cut where its columns end, which are not its characters', () => {
  assert.equal(fitLine('RUN echo', 5), 'RUN e');
  assert.equal(fitLine('RUN echo', 8), 'RUN echo');
  assert.equal(fitLine('構築中', 4), '構築');
  assert.equal(fitLine('構築中', 5), '構築');
  assert.equal(fitLine('e\u0301te\u0301', 2), 'e\u0301t');
  assert.equal(fitLine('👩‍🔧 ok', 3), '👩‍🔧 ');
  assert.equal(fitLine('… ✔', 3), '… ✔');
});
