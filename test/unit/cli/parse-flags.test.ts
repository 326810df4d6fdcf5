import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.ts';
import type { FlagRecord } from '../../../src/cli/flag.ts';
import { indexFlags, parseFlags, RefusedFlagError, UnknownFlagError } from '../../../src/cli/parse-flags.ts';

const FLAGS: Record<string, FlagRecord> = {
  rm: { long: 'rm', type: 'bool', help: '' },
  tty: { long: 'tty', short: 't', type: 'bool', help: '' },
  interactive: { long: 'interactive', short: 'i', type: 'bool', help: '' },
  env: { long: 'env', short: 'e', type: 'stringArray', help: '' },
  publish: { long: 'publish', short: 'p', type: 'stringSlice', help: '' },
  name: { long: 'name', type: 'string', help: '' },
  network: { long: 'network', aliases: ['net'], type: 'string', help: '' },
  time: { long: 'time', short: 'T', type: 'int', help: '' },
  cpus: { long: 'cpus', type: 'float', help: '' },
  retry: { long: 'retry', type: 'uint', help: '' },
  pull: { long: 'pull', type: 'string', noOptDefault: 'always', help: '' },
  sort: { long: 'sort', type: 'string', values: ['id', 'size'], help: '' },
  pod: { long: 'pod', type: 'string', help: '', refused: 'there are no pods' },
};
const INDEX = indexFlags(FLAGS);

function parse(line: string[], stop = false) {
  return parseFlags(line, INDEX, stop);
}

function failsWith(line: string[], message: string): void {
  assert.throws(
    () => parse(line),
    (error) => error instanceof UsageError && error.message === message,
    line.join(' '),
  );
}

test('short flags may be joined, and the last may carry its value', () => {
  assert.deepEqual(parse(['-it']).values, { interactive: true, tty: true });
  assert.deepEqual(parse(['-p80:80']).values, { publish: ['80:80'] });
  assert.deepEqual(parse(['-p=80:80']).values, { publish: ['80:80'] });
  assert.deepEqual(parse(['-itp', '80:80']).values, { interactive: true, tty: true, publish: ['80:80'] });
  assert.deepEqual(parse(['-t=false']).values, { tty: false });
  assert.deepEqual(parse(['-e', '-x']).values, { env: ['-x'] });
});

test('long flags take their value after = or from the next word', () => {
  assert.deepEqual(parse(['--name=a=b', '--env', 'KEY']).values, { name: 'a=b', env: ['KEY'] });
  assert.deepEqual(parse(['--name', '--rm']).values, { name: '--rm' });
  assert.deepEqual(parse(['--name=']).values, { name: '' });
});

test('a switch takes a value only after =', () => {
  assert.deepEqual(parse(['--rm=false', 'true']), { values: { rm: false }, args: ['true'] });
  assert.deepEqual(parse(['--rm', 'false']), { values: { rm: true }, args: ['false'] });
});

test('a flag with a value of its own for being given bare leaves the next word alone', () => {
  assert.deepEqual(parse(['--pull', 'busybox']), { values: { pull: 'always' }, args: ['busybox'] });
  assert.deepEqual(parse(['--pull=never']).values, { pull: 'never' });
});

test('of repeated scalars the last wins, lists grow, and slices are split', () => {
  assert.deepEqual(parse(['--name=a', '--name=b', '--rm', '--rm=false']).values, { name: 'b', rm: false });
  assert.deepEqual(parse(['-e', 'A=1,2', '-e', 'B']).values, { env: ['A=1,2', 'B'] });
  assert.deepEqual(parse(['-p', '1,2', '-p', '"3,4"']).values, { publish: ['1', '2', '3,4'] });
});

test('an alias means its flag', () => {
  assert.deepEqual(parse(['--net=host']).values, { network: 'host' });
});

test('flags end at -- and, where wanted, at the first argument', () => {
  assert.deepEqual(parse(['--', '--rm']), { values: {}, args: ['--rm'] });
  assert.deepEqual(parse(['a', '--rm']), { values: { rm: true }, args: ['a'] });
  assert.deepEqual(parse(['--rm', 'busybox', '-it', '--', 'x'], true), {
    values: { rm: true },
    args: ['busybox', '-it', '--', 'x'],
  });
  assert.deepEqual(parse(['-', '--rm']), { values: { rm: true }, args: ['-'] });
});

test('numbers are read as Go reads them', () => {
  assert.deepEqual(parse(['--time=0x10', '--cpus=1.5e1']).values, { time: 16, cpus: 15 });
  assert.deepEqual(parse(['--time=-010']).values, { time: -8 });
});

test('mistakes are reported in the words of the peers', () => {
  failsWith(['--foo'], 'unknown flag: --foo');
  failsWith(['--foo=1'], 'unknown flag: --foo');
  failsWith(['--nam=x'], 'unknown flag: --nam');
  failsWith(['-itZ'], "unknown shorthand flag: 'Z' in -Z");
  failsWith(['--name'], 'flag needs an argument: --name');
  failsWith(['-ie'], "flag needs an argument: 'e' in -e");
  failsWith(['--=x'], 'bad flag syntax: --=x');
  failsWith(['---x'], 'bad flag syntax: ---x');
  failsWith(
    ['--rm=maybe'],
    'invalid argument "maybe" for "--rm" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  );
  failsWith(
    ['-T', 'x'],
    'invalid argument "x" for "-T, --time" flag: strconv.ParseInt: parsing "x": invalid syntax',
  );
  failsWith(
    ['--time=99999999999999999999'],
    'invalid argument "99999999999999999999" for "--time" flag: strconv.ParseInt: parsing "99999999999999999999": value out of range'.replace(
      '"--time"',
      '"-T, --time"',
    ),
  );
  for (const text of ['-1', '+1', 'x'])
    failsWith(
      [`--retry=${text}`],
      `invalid argument "${text}" for "--retry" flag: strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  failsWith(
    ['--retry', '18446744073709551616'],
    'invalid argument "18446744073709551616" for "--retry" flag: strconv.ParseUint: parsing "18446744073709551616": value out of range',
  );
  assert.deepEqual(parse(['--retry', '0x10', '-T', '-1']).values, { retry: 16, time: -1 });
  failsWith(
    ['--cpus=x'],
    'invalid argument "x" for "--cpus" flag: strconv.ParseFloat: parsing "x": invalid syntax',
  );
  failsWith(['--sort=x'], 'invalid argument "x" for "--sort" flag: must be one of id, size');
  failsWith(
    ['-p', 'a"b'],
    'invalid argument "a\\"b" for "-p, --publish" flag: parse error on line 1, column 2: bare " in non-quoted field',
  );
});

test('an unknown flag can be told from other mistakes', () => {
  assert.throws(() => parse(['--foo']), UnknownFlagError);
});

test('a flag that is known but refused says why', () => {
  assert.throws(
    () => parse(['--pod=x']),
    new RefusedFlagError('--pod is not supported by tspod: there are no pods'),
  );
});
