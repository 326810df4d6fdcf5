import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidSpecError } from '../../../../../src/base/errors.ts';
import { labelWords } from '../../../../../src/cli/commands/container/label-words.ts';

const NAMES = { IMAGE: 'localhost/app:1', NAME: 'app', OPT1: '-v /a:/b', OPT2: '', HOME: "/it's here" };

for (const [text, words] of [
  ['run IMAGE NAME', ['run', 'localhost/app:1', 'app']],
  ['-e NAME=NAME -e I=IMAGE MYNAME', ['-e', 'NAME=app', '-e', 'I=localhost/app:1', 'MYNAME']],
  [`$IMAGE $${'{NAME}'}-1 \\$NAME x$UNKNOWN`, ['localhost/app:1', 'app-1', 'app', 'x']],
  ['run $OPT1 $OPT2 $OPT3 end', ['run', '-v', '/a:/b', 'end']],
  ['"$OPT1" "$OPT2"', ['-v /a:/b', '']],
  ['-e H="$HOME" -e "A=x y"', ['-e', "H=/it's here", '-e', 'A=x y']],
  [`sh -c 'printf "a\\n"' "say \\"hi\\"" a\\ b`, ['sh', '-c', 'printf "a\\n"', 'say "hi"', 'a b']],
  ["'in $NAME'", ['in app']],
] as const)
  test(`the words of the label ${text}`, () => {
    assert.deepEqual(labelWords(text, NAMES), words);
  });

test('a label without words, or with an open quote, is refused', () => {
  for (const text of ['', ' $OPT2 ', "a 'b"]) assert.throws(() => labelWords(text, NAMES), InvalidSpecError);
});
