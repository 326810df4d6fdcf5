import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TspodError, UnsupportedError } from '../../../src/base/errors.ts';
import { commands } from '../../../src/cli/commands/index.ts';
import { parseCommandLine, UnknownCommandError } from '../../../src/cli/parse.ts';
import { UnknownFlagError } from '../../../src/cli/parse-flags.ts';
import { explainUnknown } from '../../../src/cli/report-unknown.ts';

function explained(...line: string[]): TspodError {
  try {
    parseCommandLine(line, commands, 'tspod');
  } catch (error) {
    assert.ok(error instanceof UnknownCommandError || error instanceof UnknownFlagError);
    const result = explainUnknown(error, { commands, program: 'tspod' });
    assert.ok(result instanceof TspodError);
    return result;
  }
  return assert.fail(`${line.join(' ')} was understood`);
}

test('a slip in a command name gets the names that may have been meant', () => {
  const error = explained('imags');
  assert.equal(error.message, 'unrecognized command `tspod imags`');
  assert.match(
    error.hint ?? '',
    /Did you mean this\?\n\timage\n\timages\n\nTry 'tspod --help' for more information/,
  );
});

test('nonsense gets no suggestions', () => {
  assert.equal(explained('xyzzy').hint, "Try 'tspod --help' for more information");
});

test('a command that only the peers have is refused by name', () => {
  const error = explained('swarm', 'init');
  assert.ok(error instanceof UnsupportedError);
  assert.equal(
    error.message,
    '`tspod swarm` is not available: there are no clusters: tspod manages one host',
  );
});

test('a flag that only the peers have is refused by name', () => {
  const error = explained('--identity', 'x', 'ps');
  assert.ok(error instanceof UnsupportedError);
  assert.equal(
    error.message,
    '--identity is not supported by tspod: there are no connections to other machines: tspod works on the storage of this machine itself',
  );
});

test('a flag that only the peers have says why it cannot be had, where that is so', () => {
  for (const line of [
    ['pull', '--decryption-key', 'k', 'x'],
    ['build', '--decryption-key', 'k', '.'],
    ['run', '--decryption-key', 'k', 'x'],
    ['push', '--encryption-key', 'k', 'x'],
    ['push', '--encrypt-layer', '0', 'x'],
    ['manifest', 'push', '--sign-by-sigstore', 'k', 'x'],
  ]) {
    const { message } = explained(...line);
    assert.match(message, /^--[a-z-]+ is not supported by tspod: .+(skopeo copy|cosign)/, line.join(' '));
  }
});

test('a slip in a flag gets the nearest one', () => {
  const error = explained('images', '--fromat', 'json');
  assert.equal(error.message, 'unknown flag: --fromat');
  assert.equal(error.hint, "Did you mean --format?\nSee 'tspod images --help'");
});
