import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { withTerminal } from '../fixtures/harness-terminal.ts';
import { waitFor } from '../fixtures/wait-for.ts';

before(async () => {
  await busyboxImage();
  const run = ['run', '-d', '--network', 'none'];
  await tspodOk([...run, '--name', 'busy', BUSYBOX, 'sh', '-c', 'while :; do :; done']);
  await tspodOk([...run, '--name', 'idle', BUSYBOX, 'sh', '-c', 'sleep 600 & exec sleep 600']);
  await tspodOk(['create', '--network', 'none', '--name', 'still', BUSYBOX, 'true']);
});

type Row = Record<string, string>;

async function rows(...args: string[]): Promise<Row[]> {
  return JSON.parse(await tspodOk(['stats', '--no-stream', '--format', 'json', ...args])) as Row[];
}

describe('stats', () => {
  test('tells who uses the processor, memory and how many processes there are', async () => {
    let idle: Row | undefined;
    // In its first moments the start itself is what the idle one has used.
    await waitFor('the busy one to have used more', async () => {
      const found = await rows('busy', 'idle');
      const used = found.map((row) => Number.parseFloat(row['avg_cpu'] ?? ''));
      assert.equal(found[0]?.['name'], 'busy');
      idle = found[1];
      return (used[0] ?? 0) > (used[1] ?? 0);
    });
    assert.equal(idle?.['pids'], '2');
    assert.match(idle?.['mem_usage'] ?? '', /^[\d.]+[kM]B \/ [\d.]+[GT]B$/);
  });

  test('shows running containers alone, unless all are asked for', async () => {
    const names = (found: Row[]): unknown[] => found.map((row) => row['name']);
    assert.deepEqual(names(await rows()), ['busy', 'idle']);
    assert.deepEqual(names(await rows('--all')), ['busy', 'idle', 'still']);
    assert.equal((await rows('still'))[0]?.['pids'], '0');
  });

  test('prints a table and templates', async () => {
    const table = await tspodOk(['stats', '--no-stream', 'idle']);
    assert.match(
      table,
      /^ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET IO +BLOCK IO +PIDS +CPU TIME +AVG CPU %\n/,
    );
    const line = await tspodOk([
      'stats',
      '--no-stream',
      '--format',
      '{{.Name}}:{{.PIDs}}:{{.NetIO}}',
      'idle',
    ]);
    assert.equal(line, 'idle:2:0B / 0B');
    const numbers =
      '{{.CPU}} {{.AvgCPU}} {{.AVGCPU}} {{.Up}} {{.UpTime}} {{.CPUNano}} {{.ContainerStats.Name}}';
    const figures = await tspodOk(['stats', '--no-stream', '--format', numbers, 'busy']);
    // As podman has them: shares are numbers, and the time is the processor's.
    const [, nanos = ''] = /^[\d.]+ [\d.]+ [\d.]+% ([\dm.]+s) \1 (\d+) busy$/.exec(figures)?.slice(1) ?? [];
    assert.ok(Number(nanos) > 0, figures);
  });

  test('goes on until it is stopped, or its containers have ended', async () => {
    await tspodOk(['run', '-d', '--name', 'brief', '--network', 'none', BUSYBOX, 'sleep', '600']);
    const follower = spawnTspod(['stats', '-i', '1', '--format', '{{.Name}} {{.PIDS}}', 'brief']);
    await follower.expect('brief 1\nbrief 1\n');
    await tspodOk(['rm', '-f', '-t', '0', 'brief']);
    assert.equal((await follower.exit).code, 0);
  });

  test('draws over itself on a terminal, with --no-reset one below the other', async () => {
    for (const flags of [[], ['--no-reset']]) {
      const session = withTerminal(['stats', '-i', '1', ...flags, 'busy', 'idle'], { columns: 160 });
      await waitFor('two tables', () => session.stdout().split('idle').length > 2);
      session.kill('SIGTERM');
      await session.exit;
      assert.equal(session.stdout().includes('\u001b['), flags.length === 0, session.stdout());
      // Which of the processors' time it takes, as far as the terminal is wide enough.
      const bars = /busy +[\d.]+% *[█▏▎▍▌▋▊▉#][█▏▎▍▌▋▊▉·#.]* /;
      assert.equal(bars.test(session.stdout()), flags.length === 0, session.stdout());
    }
  });

  test('refuses by cause', async () => {
    for (const [args, cause] of [
      [['nobody'], /no container with name or ID "nobody" found/],
      [['-i', '0'], /invalid interval/],
      [['--all', 'idle'], /cannot be used together/],
    ] as const) {
      const { code, stderr } = await tspod(['stats', '--no-stream', ...args]);
      assert.equal(code, 125);
      assert.match(stderr, cause);
    }
  });
});
