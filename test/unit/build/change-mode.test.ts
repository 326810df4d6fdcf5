import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modeChange } from '../../../src/build/change-mode.ts';

test('octal digits replace a mode, clauses change it as chmod does', () => {
  const cases: [text: string, mode: number, isDirectory: boolean, result: number][] = [
    ['755', 0o600, false, 0o755],
    ['4711', 0o600, false, 0o4711],
    ['u+x', 0o644, false, 0o744],
    ['go-rwx', 0o755, false, 0o700],
    ['u=rwX,go=rX', 0o600, false, 0o644],
    ['u=rwX,go=rX', 0o700, false, 0o755],
    ['a+X', 0o600, true, 0o711],
    ['+t', 0o755, true, 0o1755],
    ['g=u', 0o741, false, 0o771],
    ['u+s,g+s', 0o755, false, 0o6755],
    ['=', 0o777, false, 0],
  ];
  for (const [text, mode, isDirectory, result] of cases)
    assert.equal(modeChange(text)(mode, isDirectory).toString(8), result.toString(8), text);
});

test('anything else is refused', () => {
  for (const text of ['', '888', 'u', 'rwx', 'u+y', 'u=rw,', '77777'])
    assert.throws(() => modeChange(text), /invalid mode/, text);
});
