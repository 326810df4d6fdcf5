import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AlreadyExistsError,
  InUseError,
  NotFoundError,
  RuntimeError,
  UsageError,
  CommandNotFoundError,
} from '../../../src/base/errors.ts';
import { exitCodeOf } from '../../../src/cli/report-error.ts';

test('the class decides the exit code', () => {
  assert.equal(exitCodeOf(new UsageError('x')), 125);
  assert.equal(exitCodeOf(new CommandNotFoundError('x')), 127);
});

test('a command may have codes of its own, also for a whole branch of errors', () => {
  const exits = { NotFoundError: 1, InUseError: 2, RuntimeError: 3 };
  assert.equal(exitCodeOf(new NotFoundError('container', 'x'), exits), 1);
  assert.equal(exitCodeOf(new InUseError('x'), exits), 2);
  assert.equal(exitCodeOf(new AlreadyExistsError('x'), exits), 125);
  assert.equal(exitCodeOf(new CommandNotFoundError('x'), exits), 3);
  assert.equal(exitCodeOf(new RuntimeError('x'), exits), 3);
});
