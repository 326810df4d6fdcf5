import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignTabs } from '../../../../src/cli/output/table.ts';

test('columns are as wide as their widest cell and two blanks, at least twelve', () => {
  assert.equal(
    alignTabs('A\tB\tC\nlonger than that\tb\tc\n'),
    'A                 B           C\nlonger than that  b           c\n',
  );
});

test('text after the last tab of a line is left as it is', () => {
  assert.equal(alignTabs('A\tvery long last cell indeed\n'), 'A           very long last cell indeed\n');
});

test('lines without a column do not take part in it, and end its block', () => {
  assert.equal(
    alignTabs('a\tx\nplain\nlonger than twelve\tx\n'),
    'a           x\nplain\nlonger than twelve  x\n',
  );
});

test('width counts characters, not bytes', () => {
  assert.equal(alignTabs('éééééééééééé\tx\nabc\tx\n'), 'éééééééééééé  x\nabc           x\n');
});
