import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.ts';
import type { CommandRecord } from '../../../src/cli/command.ts';
import { parseCommandLine, UnknownCommandError } from '../../../src/cli/parse.ts';

const load: CommandRecord['load'] = async () => ({ run: async () => 0 });
const command = (record: Partial<CommandRecord> & Pick<CommandRecord, 'paths'>): CommandRecord => ({
  summary: '',
  examples: [],
  arguments: { usage: '', min: 0, max: Number.POSITIVE_INFINITY },
  flags: {},
  load,
  ...record,
});
const TABLE: CommandRecord[] = [
  command({
    paths: ['ps', 'container ls'],
    arguments: { usage: '', min: 0, max: 0 },
    flags: {
      quiet: { long: 'quiet', short: 'q', type: 'bool', help: '' },
      sort: { long: 'sort', type: 'string', default: 'created', help: '' },
    },
  }),
  command({
    paths: ['run'],
    arguments: { usage: 'IMAGE', min: 1, max: Number.POSITIVE_INFINITY },
    stopAtFirstArgument: true,
    flags: { hostname: { long: 'hostname', short: 'h', type: 'string', help: '' } },
  }),
  command({ paths: ['tag'], arguments: { usage: '', min: 2, max: 3 } }),
  command({ paths: ['one'], arguments: { usage: '', min: 1, max: 1 } }),
  command({ paths: ['few'], arguments: { usage: '', min: 0, max: 1 } }),
  command({
    paths: ['logs'],
    flags: {
      names: { long: 'names', short: 'n', type: 'bool', help: '' },
      tail: { long: 'tail', type: 'string', help: '' },
    },
    dockerFlags: {
      names: { long: 'names', type: 'bool', help: '' },
      tail: { long: 'tail', short: 'n', type: 'string', help: '' },
    },
  }),
];

const parse = (line: string, program = 'tspod') =>
  parseCommandLine(
    line.split(' ').filter((word) => word !== ''),
    TABLE,
    program,
  );

function parsed(line: string, program?: string) {
  const result = parse(line, program);
  assert.equal(result.kind, 'command');
  return result.kind === 'command' ? result : assert.fail();
}

test('the longest path names the command', () => {
  assert.equal(parsed('container ls -q').path, 'container ls');
  assert.equal(parsed('ps').record, TABLE[0]);
});

test('absent flags have their default, or nothing', () => {
  assert.deepEqual(parsed('ps').flags, { quiet: undefined, sort: 'created' });
});

test('global flags may stand before, within and after the command', () => {
  for (const line of ['--root /x container ls', 'container --root=/x ls', 'container ls --root /x']) {
    assert.deepEqual(parsed(line).globals, { root: '/x' }, line);
  }
  assert.deepEqual(parsed('run --root /x busybox --root /y').args, ['busybox', '--root', '/y']);
});

test('the last of several global flags wins wherever it stands', () => {
  assert.equal(parsed('--root /a ps --root /b').globals.root, '/b');
});

test('--help asks for help, whatever else is wrong', () => {
  assert.deepEqual(parse('container ls --help extra'), {
    kind: 'help',
    words: ['container', 'ls'],
    missing: false,
  });
  assert.deepEqual(parse('run --help'), { kind: 'help', words: ['run'], missing: false });
  assert.deepEqual(parse('ps -h'), { kind: 'help', words: ['ps'], missing: false });
  assert.deepEqual(parse('--help'), { kind: 'help', words: [], missing: false });
});

test("-h is the command's own where it has one", () => {
  assert.equal(parsed('run -h box busybox').flags['hostname'], 'box');
});

test('a noun without a verb, and nothing at all, ask for a command', () => {
  assert.deepEqual(parse('container'), { kind: 'help', words: ['container'], missing: true });
  assert.deepEqual(parse(''), { kind: 'help', words: [], missing: true });
});

test('--version is understood before the command only', () => {
  assert.deepEqual(parse('--version'), { kind: 'version' });
  assert.deepEqual(parse('-v'), { kind: 'version' });
  assert.throws(() => parse('ps --version'), UsageError);
});

test('argument counts are checked in the words of the peers', () => {
  const cases: [string, string][] = [
    ['ps x', '`tspod ps` takes no arguments'],
    ['run', 'requires at least 1 arg(s), only received 0'],
    ['tag a', 'accepts between 2 and 3 arg(s), received 1'],
    ['one', 'accepts 1 arg(s), received 0'],
    ['few a b', 'accepts at most 1 arg(s), received 2'],
  ];
  for (const [line, message] of cases) {
    assert.throws(
      () => parse(line),
      (error) => error instanceof UsageError && error.message === message,
      line,
    );
  }
});

test('a mistake in the flags points to the help of the command', () => {
  assert.throws(() => parse('container ls --foo'), { hint: "See 'tspod container ls --help'" });
  assert.throws(() => parse('--foo', 'docker'), { hint: "See 'docker --help'" });
});

test('an unknown word says under which noun it was looked for', () => {
  assert.throws(
    () => parse('container foo'),
    (error) => {
      assert.ok(error instanceof UnknownCommandError);
      assert.equal(error.parent, 'container');
      return error.message === 'unrecognized command `tspod container foo`';
    },
  );
});

test('called as docker, short forms follow docker', () => {
  assert.equal(parsed('logs -n 5 web', 'docker').flags['tail'], '5');
  assert.equal(parsed('logs -n web').flags['names'], true);
});
