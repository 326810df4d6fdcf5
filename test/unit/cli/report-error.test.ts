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
import { exitCodeOf, isAboutNamedFile } from '../../../src/cli/report-error.ts';

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

test('a failure with a file is no bug of ours when the command line names that file', () => {
  const failure = (code: string, path: string) => Object.assign(new Error('x'), { code, path });
  const words = ['tspod', 'push', '--digestfile=/none/d', '-o', 'out/x', 'type=tar,dest=/none/t', 'a'];
  assert.ok(isAboutNamedFile(failure('ENOENT', '/none/d'), words));
  assert.ok(isAboutNamedFile(failure('EISDIR', `${process.cwd()}/out/x`), words));
  assert.ok(isAboutNamedFile(failure('EEXIST', '/none/t'), words));
  assert.ok(!isAboutNamedFile(failure('ENOENT', '/none'), words));
  assert.ok(!isAboutNamedFile(failure('EBADF', '/none/d'), words));
  assert.ok(!isAboutNamedFile(new TypeError('x'), words));
});
