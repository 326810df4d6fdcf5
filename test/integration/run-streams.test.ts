import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, runScript, startScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
  TSPOD,
} from '../fixtures/harness.ts';

const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');

/** A shell line around tspod, as people write it. */
async function shell(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const quoted = [TSPOD, ...rootArguments(testRoot())].map((word) => `'${word}'`).join(' ');
  return await runProgram('bash', ['-c', `tspod() { ${quoted} "$@"; }; ${line}`], {
    env: testEnvironment(),
    timeout: 400_000,
  });
}

describe('the streams of run', () => {
  it('keep stdout and stderr apart', async () => {
    const result = await runScript([], 'echo out; echo err >&2');
    assert.equal(result.stdout, 'out\n');
    assert.equal(result.stderr, 'err\n');
  });

  it('carry 10 MB of any bytes through cat and back', async () => {
    await busyboxImage();
    const data = randomBytes(10 << 20);
    const input = join(testRoot().base, 'in.bin');
    const output = join(testRoot().base, 'out.bin');
    writeFileSync(input, data);
    const result = await shell(
      `tspod run -i --rm --network none busybox cat < ${input} > ${output}; echo code=$?; ` +
        `cat ${input} | tspod run -i --rm --network none busybox cat | sha256sum`,
    );
    assert.match(result.stdout, /^code=0$/m, result.stderr);
    assert.equal(hash(readFileSync(output)), hash(data));
    assert.match(result.stdout, new RegExp(hash(data)));
  });

  it('give the program the end of its input', async () => {
    const result = await runScript(['-i'], 'cat; echo end', { input: 'no newline' });
    assert.equal(result.stdout, 'no newlineend\n');
    assert.equal((await runScript(['-i'], 'cat', { input: '' })).code, 0);
  });

  it('give the program no input without -i', async () => {
    const result = await runScript([], 'cat; echo done', { input: 'ignored' });
    assert.equal(result.stdout, 'done\n');
  });

  it('carry 100 MB to a slow reader without loss', async () => {
    await busyboxImage();
    const root = testRoot();
    const child = spawn(
      TSPOD,
      [
        ...rootArguments(root),
        'run',
        '--rm',
        '--log-driver',
        'none',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'dd if=/dev/zero bs=1M count=100 2>/dev/null',
      ],
      { env: testEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let bytes = 0;
    // The reader takes a chunk and looks away; what it has not taken fills the pipe and must hold the writer up.
    for await (const chunk of child.stdout) {
      bytes += (chunk as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(bytes, 100 << 20);
  });

  it('end well when the reader has enough', async () => {
    await busyboxImage();
    const result = await shell(
      `tspod run --rm --network none busybox sh -c "while :; do echo y; done" | head -1; echo "code=\${PIPESTATUS[0]}"; tspod ps -q`,
    );
    assert.equal(result.stdout, 'y\ncode=141\n');
  });

  it('show only what --attach names', async () => {
    const script = 'echo out; echo err >&2';
    const out = await runScript(['-a', 'stdout'], script);
    assert.deepEqual([out.stdout, out.stderr], ['out\n', '']);
    const err = await runScript(['-a', 'stderr'], script);
    assert.deepEqual([err.stdout, err.stderr], ['', 'err\n']);
    const bad = await runScript(['-a', 'stdfoo'], script);
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /stdfoo/);
  });

  it('deliver the last line of a program that ends at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) => runScript([], `echo line${i}; echo e${i} >&2`)),
    );
    for (const [i, result] of results.entries()) {
      assert.equal(result.stdout, `line${i}\n`);
      assert.equal(result.stderr, `e${i}\n`);
    }
  });

  it('print only the id with -d', async () => {
    const image = await busyboxImage();
    const result = await tspod(['run', '-d', '--network', 'none', image, 'echo', 'hidden']);
    assert.match(result.stdout, /^[0-9a-f]{64}\n$/);
    assert.equal(result.stderr, '');
  });
});

describe('attach', () => {
  it('shows what the container prints from now on and returns its exit code', async () => {
    const name = await startScript(['-i'], 'read line; echo "got $line"; exit 5');
    const session = spawnTspod(['attach', name]);
    session.write('hello\n');
    await session.expect('got hello');
    assert.equal((await session.exit).code, 5);
  });

  it('refuses a container that does not run, or is not there', async () => {
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', 'none', await busyboxImage(), 'true']);
    const created = await tspod(['attach', name]);
    assert.equal(created.code, 125);
    assert.match(created.stderr, /running/);
    assert.equal((await tspod(['attach', 'nobody'])).code, 125);
  });

  it('passes signals on, unless told not to', async () => {
    const name = await startScript(
      [],
      'trap "echo caught; exit 3" USR1; echo ready; while :; do sleep 0.1; done',
    );
    const session = spawnTspod(['attach', name]);
    const other = spawnTspod(['attach', '--sig-proxy=false', '--no-stdin', name]);
    // It prints nothing until the signal: connected is who has the socket open.
    await waitFor('the attached process to take signals', () => catches(session.pid, SIGHUP));
    session.kill('SIGUSR1');
    await session.expect('caught');
    assert.equal((await session.exit).code, 3);
    await other.exit;
  });

  it('passes signals of run on', async () => {
    const name = freshName();
    const session = spawnTspod([
      'run',
      '--rm',
      '--name',
      name,
      '--network',
      'none',
      await busyboxImage(),
      'sh',
      '-c',
      'trap "echo term; exit 7" TERM; echo ready; while :; do sleep 0.1; done',
    ]);
    await session.expect('ready');
    session.kill('SIGTERM');
    await session.expect('term');
    assert.equal((await session.exit).code, 7);
  });
});

describe('descriptors of the caller', () => {
  it('are the program’s under the same numbers with --preserve-fds and --preserve-fd', async () => {
    const image = await busyboxImage();
    const name = freshName();
    const line = [
      `tspod run -d --name ${name} --network none --preserve-fds 2 ${image} sh -c 'cat <&3 >&4; sleep 1000' 3<<<first 4>"$F"`,
      'until grep -q first "$F"; do sleep 0.05; done',
      `tspod exec --preserve-fds 1 ${name} sh -c 'cat <&3' 3<<<second`,
      `tspod exec --preserve-fd 5 ${name} sh -c 'cat <&5; ls /proc/self/fd | grep -c 8; true' 5<<<third 8<<<not`,
      `tspod rm -f -t 0 ${name}`,
    ];
    const file = join(testRoot().base, 'descriptor');
    const { code, stdout, stderr } = await shell(`F=${file}; ${line.join(' && ')}`);
    assert.deepEqual([code, stdout.split('\n').slice(1, 4)], [0, ['second', 'third', '0']], stderr);
    assert.equal(readFileSync(file, 'utf8'), 'first\n');
  });

  it('have to be there', async () => {
    const image = await busyboxImage();
    for (const flags of ['--preserve-fds 1', '--preserve-fd 4']) {
      const { code, stderr } = await shell(`tspod run --rm --network none ${flags} ${image} true`);
      assert.equal(code, 125);
      assert.match(stderr, /file descriptor [34] is not available/);
    }
    assert.match((await shell(`tspod run --preserve-fd 2 ${image}`)).stderr, /invalid --preserve-fd "2"/);
  });
});

/** One that Node does not catch by itself. */
const SIGHUP = 1;

/** Whether a process has a handler for a signal. */
function catches(pid: number, signal: number): boolean {
  const match = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match?.[1] !== undefined && ((BigInt(`0x${match[1]}`) >> BigInt(signal - 1)) & 1n) === 1n;
}
