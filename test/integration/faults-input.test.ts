import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertNothingLeft, listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

let baseline: string[] = [];

before(async () => {
  await busyboxImage();
  await tspodOk(['run', '--rm', '--network', 'none', 'busybox', 'true']);
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});

const run = (...words: string[]) => ['run', '--rm', '--network', 'none', ...words];
const script = (text: string) => run('busybox', 'sh', '-c', text);

interface Case {
  args: string[];
  code: number;
  says: RegExp;
  skip?: string | false;
}

const CASES: readonly Case[] = [
  { args: run('--frobnicate', 'busybox'), code: 125, says: /unknown flag: --frobnicate/ },
  { args: ['frobnicate'], code: 125, says: /unrecognized command `tspod frobnicate`/ },
  { args: ['run'], code: 125, says: /requires at least 1 arg/ },
  { args: ['rm'], code: 125, says: /you must provide at least one name or id/ },
  { args: run('-m', '1', 'busybox', 'true'), code: 125, says: /memory limit/, skip: requires('root') },
  { args: run('-m', '99999999999999g', 'busybox', 'true'), code: 125, says: /--memory: '99999999999999g'/ },
  { args: run('--cpus', '-1', 'busybox', 'true'), code: 125, says: /--cpus -1/ },
  { args: run('--pids-limit', 'abc', 'busybox', 'true'), code: 125, says: /"abc" for "--pids-limit"/ },
  { args: run('--stop-timeout', 'x', 'busybox', 'true'), code: 125, says: /"x" for "--stop-timeout"/ },
  {
    args: ['run', '--rm', '-p', '99999:80', 'busybox', 'true'],
    code: 125,
    says: /between 1 and 65535.*99999/,
  },
  {
    args: run('-v', '/nope/nothing:/y', 'busybox', 'true'),
    code: 125,
    says: /statfs \/nope\/nothing: no such file/,
  },
  {
    args: ['create', '-v', '/nope/nothing:/y', 'busybox', 'true'],
    code: 125,
    says: /statfs \/nope\/nothing: no such file/,
  },
  { args: run('--cidfile', '/nope/id', 'busybox', 'true'), code: 125, says: /container id file \/nope\/id/ },
  { args: run('--env-file', '/nope', 'busybox', 'true'), code: 125, says: /environment file "\/nope"/ },
  { args: run('--device', '/dev/nope', 'busybox', 'true'), code: 125, says: /device \/dev\/nope/ },
  { args: run('--runtime', '/nope', 'busybox', 'true'), code: 125, says: /OCI runtime "\/nope"/ },
  {
    args: run('--name', 'bad name', 'busybox', 'true'),
    code: 125,
    says: /invalid container name "bad name"/,
  },
  {
    args: run('--user', 'nobody-there', 'busybox', 'true'),
    code: 126,
    says: /unable to find user nobody-there/,
  },
  {
    args: run('--user', '0:none-such', 'busybox', 'true'),
    code: 126,
    says: /unable to find group none-such/,
  },
  {
    args: run('--pull', 'never', 'missing-image', 'true'),
    code: 125,
    says: /missing-image: image not known\ntry|missing-image: image not known/,
  },
  { args: ['start', 'missing'], code: 125, says: /no container with name or ID "missing"/ },
  { args: ['start', '--sig-proxy', 'missing'], code: 125, says: /sig-proxy without --attach/ },
  { args: ['rm', '--time', '1', 'missing'], code: 125, says: /--force option must be specified/ },
  { args: ['exec', 'missing', 'true'], code: 125, says: /no container with name or ID "missing"/ },
  { args: ['rm', 'missing'], code: 1, says: /no container with name or ID "missing"/ },
  { args: run('busybox', 'no-such-command'), code: 127, says: /no-such-command.*not found/ },
  { args: run('busybox', '/etc/passwd'), code: 126, says: /\/etc\/passwd.*permission denied/ },
  { args: run('busybox', '/etc'), code: 126, says: /\/etc.*(permission denied|is a directory)/ },
  { args: ['--root', '/proc/nope', 'images'], code: 125, says: /\/proc\/nope/ },
  { args: ['--runroot', '/proc/nope', 'rm', 'missing'], code: 1, says: /missing/ },
];

for (const { args, code, says, skip } of CASES) {
  test(`tspod ${args.join(' ')} says what is wrong and exits with ${code}`, {
    skip: skip ?? false,
  }, async () => {
    const result = await tspod(args);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, says);
    assert.match(result.stderr, /^Error: /);
    assert.doesNotMatch(result.stderr, /internal error|\n\s+at /);
    await assertNothingLeft(testRoot(), baseline);
  });
}

test('a file in a format that the kernel does not know and a missing interpreter cannot be invoked', async () => {
  const made =
    'printf garbage > /tmp/x; printf "#!/no/interpreter\\n" > /tmp/y; chmod +x /tmp/x /tmp/y; sleep 1000';
  await tspodOk(['run', '-d', '--network', 'none', '--name', 'programs', 'busybox', 'sh', '-c', made]);
  await tspodOk(['exec', 'programs', 'sh', '-c', 'until [ -x /tmp/y ]; do sleep 0.05; done']);
  // Some runtimes have reported the start by then: the code is theirs, 1, 126 or 255.
  for (const [program, says] of [
    ['/tmp/x', /\/tmp\/x.*exec format error/],
    ['/tmp/y', /\/tmp\/y.*no such file or directory/],
  ] as const) {
    const { code, stderr } = await tspod(['exec', 'programs', program]);
    assert.notEqual(code, 0);
    assert.match(stderr, says);
  }
  await assertNothingLeft(testRoot(), baseline);
});

test('a program that does not exist for a shell is the shell’s own matter', async () => {
  assert.equal((await tspod(script('no-such-command'))).code, 127);
  await assertNothingLeft(testRoot(), baseline);
});
