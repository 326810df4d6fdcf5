import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { letGo } from '../fixtures/containers.ts';
import {
  rootArguments,
  runProgram,
  TSPOD,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const RUN = ['run', '--network', 'none'];
const DATE = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)`;

before(() => busyboxImage());

/** Runs a shell script to its end in a container of that name. */
async function ran(name: string, script: string, options: string[] = []): Promise<void> {
  await tspod([...RUN, '--name', name, ...options, BUSYBOX, 'sh', '-c', script]);
}

function started(name: string, script: string, options: string[] = []): Promise<string> {
  return tspodOk([...RUN, '-d', '--name', name, ...options, BUSYBOX, 'sh', '-c', script]);
}

function numbered(from: number, to: number): string {
  let text = '';
  for (let number = from; number <= to; number++) text += `${number}\n`;
  return text;
}

for (const driver of ['k8s-file', 'json-file']) {
  describe(`logs with the ${driver} driver`, () => {
    test('shows each stream as it was written', async () => {
      const name = `streams-${driver}`;
      await ran(name, 'echo out; echo err >&2; printf "no end"', ['--log-driver', driver]);
      const { stdout, stderr, code } = await tspod(['logs', name]);
      assert.deepEqual({ stdout, stderr, code }, { stdout: 'out\nno end', stderr: 'err\n', code: 0 });
    });

    test('gives back lines of any length', async () => {
      const name = `long-${driver}`;
      await ran(name, 'head -c 300000 /dev/zero | tr "\\0" x; echo; echo after', ['--log-driver', driver]);
      assert.equal(await tspodOk(['logs', name]), `${'x'.repeat(300_000)}\nafter`);
      assert.equal(await tspodOk(['logs', '--tail', '2', name]), `${'x'.repeat(300_000)}\nafter`);
    });

    test('shows the last lines, times, and only lines since a time', async () => {
      const name = `select-${driver}`;
      // Each line at a time of its own, also where the monitor hardly comes to read.
      const next = (line: string) => `while [ ! -e /${line} ]; do sleep 0.01; done; echo ${line}`;
      await started(name, `echo one; ${next('two')}; ${next('three')}`, ['--log-driver', driver]);
      for (const [line, following] of [
        ['one', 'two'],
        ['two', 'three'],
      ] as const) {
        await waitFor(line, async () => (await tspodOk(['logs', name])).endsWith(line));
        const { code, stderr } = await tspod(['exec', name, 'touch', `/${following}`]);
        // The last one may end its container before it has ended itself.
        assert.ok(code === 0 || code === 137, stderr);
      }
      await tspodOk(['wait', name]);
      assert.equal(await tspodOk(['logs', '--tail', '2', name]), 'two\nthree');
      const timed = (await tspodOk(['logs', '-t', name])).split('\n');
      assert.match(timed[0] ?? '', new RegExp(`^${DATE} one$`));
      const [time = ''] = (timed[1] ?? '').split(' ');
      assert.equal(await tspodOk(['logs', '--since', time, name]), 'three');
      assert.equal(await tspodOk(['logs', '--until', time, name]), 'one');
      // A duration counts from now on, as podman has it.
      assert.equal(await tspodOk(['logs', '--until', '1h', '--tail', '1', name]), 'three');
      assert.equal(await tspodOk(['logs', '--until=-1h', name]), '');
    });
  });
}

describe('logs', () => {
  test('keeps bytes that are no text', async () => {
    await ran('binary', String.raw`printf "\000\377\033[1m\r\n"`);
    const child = spawn(TSPOD, [...rootArguments(testRoot()), 'logs', 'binary'], { env: testEnvironment() });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(child, 'close');
    assert.deepEqual(Buffer.concat(chunks), Buffer.from('\0\xff\x1b[1m\r\n', 'latin1'));
  });

  test('names several containers by id or name, one not at all', async () => {
    const id = (await started('first', 'echo a')).slice(0, 12);
    await tspodOk(['wait', 'first']);
    await ran('second', 'echo b >&2');
    assert.match((await tspod(['logs', 'first', 'second'])).stdout, new RegExp(`^${id} a\n$`));
    const named = await tspod(['logs', '--names', 'first', 'second']);
    assert.deepEqual([named.stdout, named.stderr], ['first a\n', 'second b\n']);
    assert.equal((await tspod(['logs', '--names', 'first'])).stdout, 'a\n');
    const colored = await tspod(['logs', '--names', '--color', 'first', 'second']);
    assert.deepEqual(
      [colored.stdout, colored.stderr],
      ['\u001b[37mfirst a\u001b[0m\n', '\u001b[31msecond b\u001b[0m\n'],
    );
  });

  test('keeps the order of both streams where they go to the same place', async () => {
    await ran('mixed', 'for i in 1 2 3 4 5; do echo o$i; sleep 0.02; echo e$i >&2; sleep 0.02; done');
    const command = `"$@" 2>&1`;
    const { stdout } = await runProgram(
      'sh',
      ['-c', command, 'sh', TSPOD, ...rootArguments(testRoot()), 'logs', 'mixed'],
      { env: testEnvironment() },
    );
    assert.equal(stdout, [1, 2, 3, 4, 5].map((number) => `o${number}\ne${number}\n`).join(''));
  });

  test('refuses by cause', async () => {
    await ran('silent', 'echo x', ['--log-driver', 'none']);
    const refusal = async (...args: string[]) => {
      const { code, stderr, stdout } = await tspod(['logs', ...args]);
      assert.equal(code, 125);
      assert.equal(stdout, '');
      return stderr.split('\n')[0];
    };
    assert.equal(
      await refusal('silent'),
      "Error: this container is using the 'none' log driver, cannot read logs: this container is not logging output",
    );
    assert.equal(await refusal(), 'Error: specify at least one container name or ID to log');
    assert.equal(await refusal('-l', 'silent'), 'Error: --latest and containers cannot be used together');
    assert.match(
      (await refusal('nobody')) ?? '',
      /no container with name or ID "nobody" found: no such container/,
    );
    assert.match(
      (await refusal('--tail', 'abc', 'silent')) ?? '',
      /invalid argument "abc" for "--tail" flag/,
    );
    assert.match((await refusal('--since', 'abc', 'silent')) ?? '', /--since/);
  });

  test('of a container that never ran are empty, also when followed', async () => {
    await tspodOk(['create', '--network', 'none', '--name', 'unborn', BUSYBOX, 'true']);
    assert.equal(await tspodOk(['logs', 'unborn']), '');
    assert.equal(await tspodOk(['logs', '--follow', 'unborn']), '');
  });

  test('ends quietly when its reader goes away', async () => {
    await ran('much', 'seq 1 100000');
    const { stdout, stderr } = await runProgram(
      'sh',
      ['-c', '"$@" | head -n 1', 'sh', TSPOD, ...rootArguments(testRoot()), 'logs', 'much'],
      { env: testEnvironment() },
    );
    assert.deepEqual([stdout, stderr], ['1\n', '']);
  });
});

describe('logs --follow', () => {
  test('shows what comes and ends with the container', async () => {
    await started(
      'live',
      'echo start; while [ ! -e /go ]; do sleep 0.02; done; echo end; echo bad >&2; exit 3',
    );
    const follower = spawnTspod(['logs', '-f', 'live']);
    await follower.expect('start\n');
    await letGo('live');
    assert.deepEqual(await follower.exit, { code: 0, signal: undefined });
    assert.equal(follower.stdout(), 'start\nend\n');
    assert.equal(follower.stderr(), 'bad\n');
  });

  test('shows a prompt without waiting for the end of its line', async () => {
    await started('prompt', 'printf "Name: "; exec sleep 600');
    const follower = spawnTspod(['logs', '-f', 'prompt']);
    await follower.expect('Name: ');
    await tspodOk(['rm', '-f', '-t', '0', 'prompt']);
    assert.equal((await follower.exit).code, 0);
  });

  test('shows all of a container that removes itself', async () => {
    await started('gone', 'while [ ! -e /go ]; do sleep 0.02; done; seq 1 20000', ['--rm']);
    const follower = spawnTspod(['logs', '-f', 'gone']);
    await letGo('gone');
    assert.equal((await follower.exit).code, 0);
    assert.equal(follower.stdout(), numbered(1, 20_000));
    assert.equal(follower.stderr(), '');
  });

  for (const driver of ['k8s-file', 'json-file']) {
    test(`loses and doubles nothing when the ${driver} log is rotated`, async () => {
      const name = `rotated-${driver}`;
      // Slower than the reader: what is thrown away unread cannot be shown.
      const script =
        'i=1; while [ $i -le 3000 ]; do echo $i; i=$((i+1)); [ $((i % 50)) = 0 ] && sleep 0.02; done';
      await started(name, `while [ ! -e /go ]; do sleep 0.02; done; ${script}`, [
        ...['--log-driver', driver, '--log-opt', 'max-size=16k', '--log-opt', 'max-file=4'],
      ]);
      const follower = spawnTspod(['logs', '-f', name]);
      await letGo(name);
      assert.equal((await follower.exit).code, 0);
      assert.equal(follower.stdout(), numbered(1, 3000));
      const kept = (await tspodOk(['logs', name])).split('\n').map(Number);
      assert.ok(kept.length > 300 && kept.length < 3000, `${kept.length} lines kept`);
      assert.equal(`${kept.join('\n')}\n`, numbered(kept[0] ?? 0, 3000));
    });
  }

  test('goes on over a restart', async () => {
    await started('again', 'echo run; exec sleep 600', ['--stop-signal', 'KILL']);
    const follower = spawnTspod(['logs', '-f', 'again']);
    await follower.expect('run\n');
    await tspodOk(['restart', 'again']);
    await follower.expect('run\nrun\n');
    await tspodOk(['stop', '-t', '0', 'again']);
    assert.equal((await follower.exit).code, 0);
    assert.equal(follower.stdout(), 'run\nrun\n');
  });

  test('goes on over restarts by policy and ends after the last one', async () => {
    await started('policy', 'echo run; exit 1', ['--restart', 'on-failure:2']);
    const follower = spawnTspod(['logs', '-f', 'policy']);
    assert.equal((await follower.exit).code, 0);
    assert.equal(follower.stdout(), 'run\nrun\nrun\n');
  });

  test('of several containers ends with the last of them', async () => {
    await started('left', 'echo l1; while [ ! -e /go ]; do sleep 0.02; done; echo l2');
    await started('right', 'echo r1');
    const follower = spawnTspod(['logs', '-f', '--names', 'left', 'right']);
    await follower.expect('right r1\n');
    await letGo('left');
    assert.equal((await follower.exit).code, 0);
    assert.deepEqual(follower.stdout().trim().split('\n').sort(), ['left l1', 'left l2', 'right r1']);
  });

  test('starts at the last lines when told so', async () => {
    await started('tailed', 'seq 1 5; while [ ! -e /go ]; do sleep 0.02; done; echo 6');
    await waitFor('the first lines', async () => (await tspodOk(['logs', 'tailed'])).endsWith('5'));
    const follower = spawnTspod(['logs', '-f', '--tail', '2', 'tailed']);
    await follower.expect('5\n');
    await letGo('tailed');
    assert.equal((await follower.exit).code, 0);
    assert.equal(follower.stdout(), '4\n5\n6\n');
  });
});

test('a tag is filled in and written by json-file, and refused where it could not be', async () => {
  const image = await busyboxImage();
  const run = (tag: string) => [
    ...[
      'run',
      '--name',
      'tagged',
      '--network',
      'none',
      '--log-driver',
      'json-file',
      '--log-opt',
      `tag=${tag}`,
    ],
    ...[image, 'echo', 'hi'],
  ];
  assert.equal(await tspodOk(run('{{.Name}} of "{{.ImageName}}"')), 'hi');
  const path = await tspodOk(['inspect', '--format', '{{.HostConfig.LogConfig.Path}}', 'tagged']);
  const entry = JSON.parse(readFileSync(path, 'utf8')) as { log: string; attrs: { tag: string } };
  assert.deepEqual([entry.log, entry.attrs.tag], ['hi\n', `tagged of "${image}"`]);
  assert.equal(await tspodOk(['logs', 'tagged']), 'hi');
  await tspodOk(['rm', 'tagged']);
  const { code, stderr } = await tspod(run('{{.Nmae}}'));
  assert.equal(code, 125);
  assert.match(stderr, /there is no \{\{\.Nmae\}\}, only ID/);
});

test('logs --details puts before each line what --log-opt names', async () => {
  await ran('details', 'echo one; echo two >&2', [
    ...['--log-driver', 'json-file', '--log-opt', 'labels=tier,absent', '--log-opt', 'env-regex=^COLO'],
    ...['--log-opt', 'tag={{.Name}}', '-l', 'tier=front end', '-l', 'other=x', '-e', 'COLOR=a&b'],
  ]);
  const words = 'COLOR=a%26b,tag=details,tier=front+end';
  const { stdout, stderr } = await tspod(['logs', '--details', 'details']);
  assert.deepEqual({ stdout, stderr }, { stdout: `${words} one\n`, stderr: `${words} two\n` });
  const timed = await tspodOk(['logs', '--details', '--timestamps', 'details']);
  assert.match(timed, new RegExp(`^${DATE} COLOR=`));
  assert.ok(timed.endsWith(`Z ${words} one`) || timed.endsWith(`0 ${words} one`), timed);
  assert.equal(await tspodOk(['logs', 'details']), 'one');
});

test('logs --details of a container without any has a blank before each line', async () => {
  await ran('no-details', 'echo one; printf two', []);
  assert.equal((await tspod(['logs', '--details', 'no-details'])).stdout, ' one\n two');
});

test('a log file that could not be made is refused before there is a container', async () => {
  for (const [path, reason] of [
    ['/not/there/log', /there is no directory \/not\/there/],
    [testRoot().base, /it is a directory, and has to be a file/],
  ] as const) {
    const words = ['run', '--name', 'unlogged', '--log-opt', `path=${path}`, await busyboxImage(), 'true'];
    const { code, stderr } = await tspod(words);
    assert.equal(code, 125);
    assert.match(stderr, reason);
  }
  assert.equal((await tspod(['container', 'exists', 'unlogged'])).code, 1);
});

test('a log option that is no regular expression is refused by name', async () => {
  const { code, stderr } = await tspod([...RUN, '--log-opt', 'env-regex=(', BUSYBOX, 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /invalid --log-opt env-regex "\("/);
});
