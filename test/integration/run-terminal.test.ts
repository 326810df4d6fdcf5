import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName, startScript, waitForStatus } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { withTerminal } from '../fixtures/harness-terminal.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

const RUN = ['run', '--rm', '-it', '--network', 'none'];
const COUNTING = 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.1; done';

describe('a container on a terminal', { skip: requires('python3') }, () => {
  it('has a terminal of the size of the caller’s, and the colours of xterm', async () => {
    const session = withTerminal(
      [
        ...RUN,
        await busyboxImage(),
        'sh',
        '-c',
        'stty size; tty; echo "term=$TERM"; test -t 0 && test -t 1 && test -t 2 && echo all',
      ],
      { rows: 31, columns: 113 },
    );
    await session.exit;
    assert.match(session.screen(), /^31 113\r\n\/dev\/pts\/0\r\nterm=xterm\r\nall\r\n/);
  });

  it('follows when the window changes its size', async () => {
    const session = withTerminal([
      ...RUN,
      await busyboxImage(),
      'sh',
      '-c',
      'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done',
    ]);
    await session.expect('ready');
    session.resize(50, 132);
    await session.expect('50 132');
    assert.equal((await session.exit).code, 0);
  });

  it('is a shell to type at: echo, result, exit code', async () => {
    const session = withTerminal([...RUN, await busyboxImage(), 'sh']);
    await session.expect('/ #');
    session.write('echo sum=$((40+2))\r');
    await session.expect('sum=42');
    session.write('exit 33\r');
    assert.equal((await session.exit).code, 33);
  });

  it('ends its foreground program by ctrl-c, and its shell by ctrl-d', async () => {
    const session = withTerminal([...RUN, await busyboxImage(), 'sh']);
    await session.expect('/ #');
    session.write('echo beg""un; sleep 3600\r');
    await session.expect('begun');
    session.write('\x03');
    await session.expect(/\^C[\s\S]*# /);
    session.write('echo code=$?\r');
    await session.expect('code=130');
    session.write('\x04');
    await session.exit;
  });

  it('lives on after the detach keys, and can be attached to again', async () => {
    const name = freshName();
    const first = withTerminal([
      'run',
      '-it',
      '--name',
      name,
      '--network',
      'none',
      await busyboxImage(),
      'sh',
    ]);
    await first.expect('/ #');
    first.write('\x10\x11');
    assert.equal((await first.exit).code, 0);
    await waitForStatus(name, /^Up/);
    const second = withTerminal(['attach', name]);
    second.write('\r');
    await second.expect('/ #');
    second.write('exit 4\r');
    assert.equal((await second.exit).code, 4);
    await waitForStatus(name, /^Exited \(4\)/);
  });

  it('takes other detach keys, or none', async () => {
    const other = await startScript(['-it'], COUNTING);
    const session = withTerminal(['attach', '--detach-keys', 'ctrl-x,x', other]);
    await session.expect('tick');
    session.write('\x18x');
    assert.equal((await session.exit).code, 0);
    const bad = await tspod(['attach', '--detach-keys', 'ctrl-', other]);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /ctrl-/);
  });

  it('takes the detach keys that run and start are given', async () => {
    const name = freshName();
    const flags = ['-it', '--network', 'none', '--name', name, '--detach-keys', 'a,b,c'];
    const first = withTerminal(['run', ...flags, await busyboxImage(), 'sh', '-c', COUNTING]);
    await first.expect('tick');
    // The standard keys mean nothing any more.
    first.write('\x10\x11abc');
    assert.equal((await first.exit).code, 0);
    await waitForStatus(name, /^Up/);
    await tspodOk(['stop', '-t', '0', name]);
    const second = withTerminal(['start', '--attach', '--interactive', '--detach-keys', 'ctrl-e', name]);
    await second.expect('tick');
    second.write('\x05');
    assert.equal((await second.exit).code, 0);
    await waitForStatus(name, /^Up/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is seen alike by two who are attached', async () => {
    const name = await startScript(['-it'], `(${COUNTING}) & while read line; do echo "got $line"; done`);
    const one = withTerminal(['attach', name]);
    const two = withTerminal(['attach', name]);
    await Promise.all([one.expect('tick'), two.expect('tick')]);
    one.write('from one\r');
    await Promise.all([one.expect('got from one'), two.expect('got from one')]);
    two.write('from two\r');
    await Promise.all([one.expect('got from two'), two.expect('got from two')]);
    await tspodOk(['rm', '-f', '-t', '0', name]);
    await Promise.all([one.exit, two.exit]);
  });

  it('lives on when the caller’s terminal is gone', async () => {
    const name = freshName();
    const session = withTerminal([
      'run',
      '-it',
      '--name',
      name,
      '--network',
      'none',
      await busyboxImage(),
      'sh',
      '-c',
      COUNTING,
    ]);
    await session.expect('tick');
    session.kill('SIGKILL');
    await session.exit;
    await waitForStatus(name, /^Up/);
    const again = withTerminal(['attach', name]);
    await again.expect('tick');
    again.write('\x10\x11');
    assert.equal((await again.exit).code, 0);
  });

  it('gets the signals that run gets, those of the keys too where run does not read them', async () => {
    const image = await busyboxImage();
    const script = (signal: string): string[] => [
      image,
      'sh',
      '-c',
      `trap "echo caught; exit 3" ${signal}; echo ready; while :; do sleep 0.1; done`,
    ];
    const killed = spawnTspod([...RUN, ...script('TERM')]);
    await killed.expect('ready');
    killed.kill('SIGTERM');
    assert.equal((await killed.exit).code, 3);
    const typed = withTerminal(['run', '--rm', '-t', '--network', 'none', ...script('INT')]);
    await typed.expect('ready');
    typed.write('\x03');
    assert.equal((await typed.exit).code, 3);
  });

  it('leaves the caller’s terminal as it was', async () => {
    const image = await busyboxImage();
    const { rootArguments, testRoot, TSPOD } = await import('../fixtures/harness.ts');
    const line = [TSPOD, ...rootArguments(testRoot()), ...RUN, image, 'true']
      .map((word) => `'${word}'`)
      .join(' ');
    const session = withTerminal(
      ['-c', `stty -g > /tmp/.$$; ${line}; test "$(stty -g)" = "$(cat /tmp/.$$)" && echo same; rm /tmp/.$$`],
      { program: '/bin/sh' },
    );
    await session.expect('same');
    await session.exit;
  });

  it('has a terminal too when the caller has none', async () => {
    const result = await tspod([
      'run',
      '--rm',
      '-t',
      '--network',
      'none',
      await busyboxImage(),
      'sh',
      '-c',
      'test -t 1 && echo yes; echo err >&2',
    ]);
    assert.equal(result.stdout, 'yes\r\nerr\r\n');
  });

  it('takes piped input', async () => {
    const result = await tspod(
      [
        'run',
        '--rm',
        '-it',
        '--network',
        'none',
        await busyboxImage(),
        'sh',
        '-c',
        'read line; echo "got $line"',
      ],
      { input: 'word\n' },
    );
    assert.match(result.stdout, /got word\r\n$/);
  });
});

describe('exec on a terminal', { skip: requires('python3') }, () => {
  it('has the size of the caller’s, follows it, and ends with the program’s code', async () => {
    const name = await startScript([], 'sleep 3600');
    const session = withTerminal(['exec', '-it', name, 'sh'], { rows: 33, columns: 99 });
    await session.expect(' # ');
    session.write('stty size\r');
    await session.expect('33 99');
    session.resize(44, 88);
    session.write('sleep 0.2; stty size\r');
    await session.expect('44 88');
    session.write('exit 6\r');
    assert.equal((await session.exit).code, 6);
  });

  it('detaches by its keys, and the program goes on', async () => {
    const name = await startScript([], 'sleep 3600');
    const session = withTerminal(['exec', '-it', name, 'sh', '-c', `touch /started; ${COUNTING}`]);
    await session.expect('tick');
    session.write('\x10\x11');
    assert.equal((await session.exit).code, 0);
    assert.match(await tspodOk(['exec', name, 'ps']), /sh -c touch/);
  });

  it('detaches by other keys, and by none when there are none', async () => {
    const name = await startScript([], 'sleep 3600');
    const program = (script: string): string[] => [name, 'sh', '-c', `echo ready; ${script}`];
    const line = program('read line; echo "got $line"; sleep 3600');
    const session = withTerminal(['exec', '-it', '--detach-keys', 'ctrl-x,q', ...line]);
    await session.expect('ready');
    // What begins like the keys and is not them goes to the program.
    session.write('\x18z\r');
    await session.expect('got \x18z');
    session.write('\x18q');
    assert.equal((await session.exit).code, 0);
    assert.match(await tspodOk(['exec', name, 'ps']), /sleep 3600\n[\s\S]*sleep 3600/);
    const raw = program('stty raw; echo set; head -c 2 | od -An -tx1');
    const without = withTerminal(['exec', '-it', '--detach-keys', '', ...raw]);
    await without.expect('set');
    without.write('\x10\x11');
    await without.expect(' 10 11');
    assert.equal((await without.exit).code, 0);
    const bad = await tspod(['exec', '--detach-keys', 'ctrl-', name, 'true']);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /ctrl-/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

describe('a pipe as the input of a program with a terminal', () => {
  const piped = async (args: readonly string[], text: string) => await tspod(args, { input: text });

  it('ends what reads it, and each reader after that', async () => {
    const both = await piped(
      [...RUN, await busyboxImage(), 'sh', '-c', 'cat; cat; echo over; exit 7'],
      'line\n',
    );
    assert.equal(both.code, 7, both.stderr);
    assert.match(both.stdout, /line\r\n[\s\S]*over/);
    assert.match(both.stderr, /The input device is not a TTY/);
    const unfinished = await piped([...RUN, await busyboxImage(), 'cat'], 'no newline');
    assert.equal(unfinished.code, 0);
    assert.match(unfinished.stdout, /no newline/);
  });

  it('ends a shell, of run and of exec', async () => {
    const shell = await piped([...RUN, await busyboxImage(), 'sh'], 'echo sum=$((40+2))\n');
    assert.equal(shell.code, 0, shell.stderr);
    assert.match(shell.stdout, /sum=42/);
    const name = await startScript([], 'sleep 3600');
    const executed = await piped(['exec', '-it', name, 'sh'], 'echo sum=$((40+2))\n');
    assert.equal(executed.code, 0, executed.stderr);
    assert.match(executed.stdout, /sum=42/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

describe('progress on a terminal', { skip: requires('python3') }, () => {
  const image = 'localhost/layered:1';
  const save = () => ['save', '-o', join(testRoot().base, 'layered.tar'), image];
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];

  before(async () => {
    const context = join(testRoot().base, 'layered');
    mkdirSync(context);
    const steps = names.map((name) => `COPY ${name} /${name}\n`).join('');
    for (const name of names) writeFileSync(join(context, name), name.repeat(1000));
    writeFileSync(join(context, 'Containerfile'), `FROM ${await busyboxImage()}\n${steps}`);
    await tspodOk(['build', '-q', '--layers', '--network', 'none', '-t', image, context]);
  });

  it('fits its columns and rows: of more layers than there are lines, the finished ones are left behind', async () => {
    const session = withTerminal(save(), { rows: 4, columns: 24 });
    assert.equal((await session.exit).code, 0);
    const lines = session
      .screen()
      .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
      .split(/[\r\n]+/);
    assert.deepEqual(
      lines.filter((line) => line.length > 23),
      [],
    );
    const ups = [...session.screen().matchAll(/\u001b\[(\d+)A/g)].map(([, rows]) => Number(rows));
    assert.ok(ups.length > 0 && Math.max(...ups) <= 3, ups.join(' '));
    assert.equal(
      new Set(lines.map((line) => /^[0-9a-f]{12}(?= done)/.exec(line)?.[0])).size,
      names.length + 2,
    );
    rmSync(join(testRoot().base, 'layered.tar'));
  });

  it('is plain lines on one that cannot move its cursor', async () => {
    const session = withTerminal(save(), { env: { TERM: 'dumb' } });
    assert.equal((await session.exit).code, 0);
    assert.doesNotMatch(session.screen(), /\u001b/);
    assert.equal(session.screen().match(/^Copying blob sha256:/gm)?.length, names.length + 1);
  });
});
