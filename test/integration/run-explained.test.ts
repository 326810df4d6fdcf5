import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { findRemains } from '../fixtures/crash-survey.ts';
import { freshName, startSleeper, waitForStatus } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import { FOREIGN_MACHINE, OWN_MACHINE, tinyElf } from '../fixtures/tiny-elf.ts';

interface Case {
  flags?: string[];
  command: string;
  code: number;
  says: RegExp;
  /** Of exec alone: run looks for its working directory itself. */
  onlyExec?: true;
}

const CASES: readonly Case[] = [
  { command: 'no-such', code: 127, says: /^(?!.*none of the dir).*not found in \$PATH.*: PATH is \/usr/ },
  { command: 'echo hello', code: 127, says: /\nthe whole of it was taken for one program's name/ },
  { command: '/x/gone', code: 127, says: /there is no \/x\/gone in the container/ },
  { command: '/x', code: 126, says: /\/x is a directory/ },
  { command: '/x/mode', code: 126, says: /\/x\/mode is not executable: its mode is 0644\nchmod \+x/ },
  { command: '/n/fine', code: 126, says: /\/n\/fine is on a mount with the option noexec/ },
  { command: '/x/foreign', code: 126, says: /\/x\/foreign is a program for (arm64|amd64), this host is/ },
  { command: '/x/linked', code: 127, says: /the loader that it was linked for is not: \/lib\/ld-gone\.so/ },
  { command: '/x/lost', code: 127, says: /the interpreter of its #! line is not: \/no\/such\/shell/ },
  { command: '/x/dos', code: 127, says: /#! line of \/x\/dos ends with a carriage return.*\n.*sed -i/ },
  { command: '/x/plain', code: 126, says: /neither a program nor a script.*\n.*sh \/x\/plain/ },
  { command: '/x/marked', code: 126, says: /byte order mark/ },
  { command: '/x/empty', code: 126, says: /\/x\/empty is empty/ },
  {
    command: '/x/nested',
    code: 126,
    says: /interpreter of \/x\/nested cannot be executed: \/x\/mode is not/,
  },
  {
    flags: ['-u', '1000:1000'],
    command: '/x/private',
    code: 126,
    says: /user 1000:1000 may not execute \/x\/private: it belongs to 0:0 and its mode is 0700/,
  },
  {
    flags: ['-u', '1000:1000'],
    command: '/x/closed/fine',
    code: 126,
    says: /user 1000:1000 cannot get to \/x\/closed\/fine: the directory \/x\/closed is closed/,
  },
  {
    flags: ['-w', '/etc/passwd'],
    command: 'true',
    code: 126,
    says: /working directory \/etc\/passwd is in the container, but not a directory/,
  },
  {
    flags: ['-w', '/none'],
    command: 'true',
    code: 127,
    says: /working directory \/none is not in the container\n/,
    onlyExec: true,
  },
];

let programs = '';

before(async () => {
  await busyboxImage();
  programs = join(testRoot().base, 'programs');
  mkdirSync(join(programs, 'closed'), { recursive: true });
  const add = (name: string, content: string | Buffer, mode = 0o755): void => {
    writeFileSync(join(programs, name), content);
    chmodSync(join(programs, name), mode);
  };
  const busybox = readFileSync('/bin/busybox');
  add('fine', busybox);
  add('closed/fine', busybox);
  add('private', busybox, 0o700);
  add('mode', busybox, 0o644);
  add('foreign', tinyElf(FOREIGN_MACHINE, undefined));
  add('linked', tinyElf(OWN_MACHINE, '/lib/ld-gone.so'));
  add('lost', '#!/no/such/shell\n');
  add('dos', '#!/bin/sh\r\necho hello\r\n');
  add('plain', 'echo hello\n');
  add('marked', '\ufeff#!/bin/sh\n');
  add('empty', '');
  add('nested', '#!/x/mode\n');
  chmodSync(join(programs, 'closed'), 0o700);
});

for (const runtime of ['runc', 'crun'] as const) {
  // Crun has to be shown a host without the second hierarchy of cgroups, which takes root.
  const skip = runtime === 'crun' ? requires('root', 'crun') : requires('runc');
  describe(`what ${runtime} cannot execute`, { skip }, () => {
    it('is explained by run: cause, what to do, and exit code', async () => {
      const cases = CASES.filter(({ onlyExec }) => !onlyExec);
      const flags = [
        'run',
        '--rm',
        '--network',
        'none',
        '-v',
        `${programs}:/x`,
        '-v',
        `${programs}:/n:noexec`,
      ];
      const lines = cases.map(({ flags: own = [], command }) => [...flags, ...own, 'busybox', command]);
      check(cases, await runAll(runtime, lines));
      assert.deepEqual(await findRemains(testRoot()), []);
    });

    it('is explained by exec likewise', async () => {
      const name = freshName();
      const lines = [
        [
          ...['run', '-d', '--name', name, '--network', 'none', '-v', `${programs}:/x`],
          ...['-v', `${programs}:/n:noexec`, 'busybox', 'sleep', '1000'],
        ],
        ...CASES.map(({ flags = [], command }) => ['exec', ...flags, name, command]),
        ['rm', '-f', '-t', '0', name],
      ];
      const [started, ...results] = await runAll(runtime, lines);
      assert.equal(started?.code, 0, started?.stderr ?? '');
      check(CASES, results.slice(0, -1));
      assert.deepEqual(await findRemains(testRoot()), []);
    });
  });
}

it('a container that ends while another one joins its namespaces is named', async () => {
  const donor = await startSleeper(['--ipc', 'shareable']);
  const state = '{{.State.ConmonPid}} {{.State.Pid}}';
  const [monitor = 0, pid = 0] = (await tspodOk(['inspect', '-f', state, donor])).split(' ').map(Number);
  // The program has ended, and its monitor has not said so yet.
  process.kill(monitor, 'SIGSTOP');
  try {
    process.kill(pid, 'SIGKILL');
    await waitFor('the program to end', () =>
      Promise.resolve(/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))),
    );
    for (const flag of ['--network', '--pid', '--ipc', '--uts']) {
      const network = flag === '--network' ? [] : ['--network', 'none'];
      const { code, stderr } = await tspod([
        ...['run', '--rm', ...network, `${flag}=container:${donor}`, 'busybox', 'true'],
      ]);
      assert.equal(code, 125, stderr);
      assert.match(
        stderr,
        new RegExp(`namespace of container ${donor}, which is ending.*\nstart that one first`),
      );
    }
  } finally {
    process.kill(monitor, 'SIGCONT');
  }
  await waitForStatus(donor, /^Exited/);
  await tspodOk(['rm', donor]);
  assert.deepEqual(await findRemains(testRoot()), []);
});

interface Result {
  code: number;
  stderr: string;
}

/** All in one mount namespace, so that containers outlive the command that started them. */
async function runAll(runtime: 'crun' | 'runc', lines: readonly string[][]): Promise<Result[]> {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const prefix = [TSPOD, ...rootArguments(testRoot()), '--runtime', runtime];
  const marked = lines.map(
    (line) => `${[...prefix, ...line].map(quote).join(' ')} 2>&1 >/dev/null; echo "@$?@"`,
  );
  const hide = 'umount /sys/fs/cgroup/unified 2>/dev/null';
  const script = [...(runtime === 'crun' ? [hide] : []), ...marked].join('\n');
  const env = testEnvironment();
  const { stdout } =
    runtime === 'crun'
      ? await runProgram('unshare', ['--mount', 'sh', '-c', script], { env })
      : await runProgram('sh', ['-c', script], { env });
  const parts = stdout.split(/@(\d+)@\n/);
  return lines.map((_, index) => ({ stderr: parts[2 * index] ?? '', code: Number(parts[2 * index + 1]) }));
}

function check(cases: readonly Case[], results: readonly Result[]): void {
  const problems = cases.flatMap(({ flags = [], command, code, says }, index) => {
    const result = results[index];
    const fits = result?.code === code && says.test(result.stderr) && /^Error: /m.test(result.stderr);
    return fits ? [] : [`${flags.join(' ')} ${command}: ${result?.code}: ${result?.stderr}`];
  });
  assert.deepEqual(problems, []);
}
