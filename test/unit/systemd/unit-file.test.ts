import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { booleanValue, formatUnit, parseUnit, valuesOf } from '../../../src/systemd/unit-file.ts';

describe('a unit file', () => {
  it('is read with comments, continued lines and sections that come twice', () => {
    const unit = parseUnit('# c\n[A]\nk=1 \\\n# in between\n  2\n;c\n[B]\nx=y\n[A]\nk=3\n', 'f');
    assert.deepEqual(valuesOf(unit, 'A', 'k'), ['1 2', '3']);
    assert.equal(formatUnit(unit), '[A]\nk=1 2\nk=3\n\n[B]\nx=y\n');
  });

  it('forgets values before an empty one', () => {
    assert.deepEqual(valuesOf(parseUnit('[A]\nk=1\nk=\nk=2\n', 'f'), 'A', 'k'), ['2']);
  });

  it('names the line that is wrong', () => {
    assert.throws(() => parseUnit('[A]\nnonsense\n', 'web.container'), /web\.container:2/);
    assert.throws(() => parseUnit('k=v\n', 'f'), /before any section/);
    assert.throws(() => booleanValue(parseUnit('[A]\nk=maybe\n', 'f'), 'A', 'k'), /k=maybe/);
  });

  it('ends with its last line, even if that wants to go on', () => {
    for (const text of ['[A]\nk=v\\', '[A]\nk=v\\\n', '[A]\nk=v \\\n# comment\\'])
      assert.equal(formatUnit(parseUnit(text, 'f')), '[A]\nk=v\n');
  });

  it('takes no value that would be another setting, or take the next one in', () => {
    for (const value of ['a\nExecStart=x', 'a\rExecStart=x', 'a\\'])
      assert.throws(() => formatUnit(new Map([['A', [{ key: 'k', value }]]])), /cannot be written/);
  });
});
