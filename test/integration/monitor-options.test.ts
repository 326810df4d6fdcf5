import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { monitorProgram } from '../fixtures/monitor/monitor.ts';

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(monitorProgram(), args, { encoding: 'utf8' });
}

const RUNTIME = ['-c', 'id-of-a-container', '-u', 'x', '-r', '/bin/true'];

test('the version has the form that callers parse', () => {
  assert.deepEqual(run('--version').stdout.split('\n'), ['conmon version 2.2.1', 'commit: tspod', '']);
});

test('the help names the journald driver and goes to stdout', () => {
  const { status, stdout } = run('--help');
  assert.equal(status, 0);
  assert.match(stdout, /journald/);
});

const REFUSED: ReadonlyArray<[string, string[], RegExp]> = [
  ['an unknown option', ['--foo'], /^conmon: option parsing failed: Unknown option --foo\n$/],
  ['an unknown letter', ['-tZ'], /Unknown option -Z/],
  ['a missing value', ['-c'], /Missing argument for -c/],
  ['a number that is none', ['--log-size-max', '12x'], /'12x'/],
  ['a number out of range', ['--timeout', '99999999999'], /out of range/],
  ['a negative number of log files', ['--log-max-files', '-1'], /log-max-files/],
  ['no container id', [], /Container ID not provided\. Use --cid/],
  ['a bad log level', [...RUNTIME, '--log-level', 'loud'], /loud/],
  ['exec with restore', [...RUNTIME, '-e', '--restore', 'x'], /exec.*restore/],
  ['run with exec', [...RUNTIME, '-e', '--run'], /run.*exec/],
  ['attach without exec', [...RUNTIME, '--exec-attach'], /exec/],
  ['attach to a legacy exec', [...RUNTIME, '-e', '--exec-attach'], /non-legacy exec session/],
  ['no uuid', ['-c', 'x', '-r', '/bin/true'], /Container UUID not provided\. Use --cuuid/],
  ['no runtime', ['-c', 'x', '-u', 'x'], /Runtime path not provided\. Use --runtime/],
  [
    'a runtime that is not there',
    ['-c', 'x', '-u', 'x', '-r', '/no/such'],
    /Runtime path \/no\/such is not valid/,
  ],
  ['exec without a process', [...RUNTIME, '-e'], /--exec-process-spec/],
  ['a negative delay', [...RUNTIME, '--exit-delay', '-1'], /[Dd]elay/],
  ['no log driver', RUNTIME, /Log driver not provided\. Use --log-path/],
  ['an empty log path', [...RUNTIME, '-l', ':'], /log-path must not be empty/],
  ['k8s-file without a file', [...RUNTIME, '-l', 'k8s-file'], /k8s-file requires a filename/],
  ['json-file without a file', [...RUNTIME, '-l', 'json-file:'], /json-file requires a filename/],
  ['an unknown driver', [...RUNTIME, '-l', 'fluentd:x'], /No such log driver fluentd/],
  ['a log in a directory that is not there', [...RUNTIME, '-l', '/no/such/log'], /Failed to open log file/],
  [
    'a tag for a file',
    [...RUNTIME, '-l', 'k8s-file:/dev/null', '--log-tag', 'x'],
    /doesn't support --log-tag/,
  ],
  [
    'a label for a file',
    [...RUNTIME, '-l', '/dev/null', '--log-label', 'A=b'],
    /doesn't support --log-label/,
  ],
  [
    'a short id for journald',
    ['-c', 'short', '-u', 'x', '-r', '/bin/true', '-l', 'journald'],
    /longer than 12/,
  ],
  ['a label without a value', [...RUNTIME, '-l', 'journald', '--log-label', 'A'], /in format LABEL=VALUE/],
  ['a label in lower case', [...RUNTIME, '-l', 'journald', '--log-label', 'a=b'], /only uppercase letters/],
];

for (const [what, args, message] of REFUSED) {
  test(`${what} is refused with exit status 1`, () => {
    const { status, stderr } = run(...args);
    assert.equal(status, 1);
    assert.match(stderr, message);
  });
}

test('a variable that names no open descriptor is refused', () => {
  for (const value of ['99', 'x', '-1', '']) {
    const { status } = spawnSync(monitorProgram(), [...RUNTIME, '-l', 'none'], {
      env: { ...process.env, _OCI_STARTPIPE: value },
    });
    assert.equal(status, 1);
  }
});
