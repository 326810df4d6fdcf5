import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertNothingLeft, listStore, processesOfContainer } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const CONTAINERS = 20;
const ROUNDS = Number(process.env['TSPOD_TEST_MOMENTS'] ?? 10);
/** From the start of the program until its clean-up is certainly over. */
const SPAN_MS = 600;
const skip = requires('root');
const names = Array.from({ length: CONTAINERS }, (_, index) => `victim-${index}`);

let baseline: string[] = [];

before(async () => {
  if (skip !== false) return;
  await busyboxImage();
  baseline = listStore(testRoot());
});

test(`monitors killed at ${CONTAINERS * ROUNDS} moments make no exit code up, and their containers are as manageable as before`, {
  skip,
}, async () => {
  const script = ['sh', '-c', 'sleep 0.2; exit 7'];
  const ids = await Promise.all(
    names.map((name) =>
      tspodOk(['create', '--network', 'none', '--name', name, 'localhost/busybox', ...script]),
    ),
  );
  for (let round = 0; round < ROUNDS; round++) {
    // The kills begin while the command still starts others, and each comes at another moment of its monitor's life.
    const start = spawnTspod(['start', ...names]);
    const starting = { underway: true };
    const ended = start.exit.then(() => (starting.underway = false));
    await Promise.all(ids.map((id, index) => killMonitor(id, momentOf(round, index), starting)));
    await ended;
    await assertExitsAreTrue(start.stderr());
  }
  await assertNothingLeft(testRoot(), baseline);
});

/** Spread evenly over the span, in an order that differs from that of the starts. */
function momentOf(round: number, index: number): number {
  return (SPAN_MS * ((index * 7 + round * 3) % CONTAINERS) + (SPAN_MS * round) / ROUNDS) / CONTAINERS;
}

/** Every container has ended as its program did, or nobody knows how, or was not started, which was said. */
async function assertExitsAreTrue(complaints: string): Promise<void> {
  const format = '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}';
  const begun = await inspectAll('{{.State.Status}}');
  const started = names.filter((_, index) => begun[index] !== 'created');
  const codes = (await tspodOk(['wait', ...started])).split('\n');
  for (const [index, line] of (await inspectAll(format)).entries()) {
    const name = names[index] ?? '';
    const [, status, code, error = ''] = /^(\w+) (\S+) ?(.*)$/.exec(line) ?? [];
    if (!started.includes(name)) {
      assert.match(complaints, /monitor .* did not start/);
      continue;
    }
    assert.equal(status, 'exited', name);
    assert.equal(code, codes[started.indexOf(name)], name);
    if (code === '-1') assert.match(error, /exit code lost/);
    else assert.equal(code, '7', name);
  }
}

async function inspectAll(format: string): Promise<string[]> {
  return (await tspodOk(['inspect', '-f', format, ...names])).split('\n');
}

async function killMonitor(id: string, afterMs: number, starting: { underway: boolean }): Promise<void> {
  const monitor = await waitFor(
    `the monitor of ${id}`,
    () => monitorOf(id) ?? (starting.underway ? undefined : 0),
  );
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  // It may have gone by itself; nobody else gets its number so soon.
  if (monitorOf(id) !== monitor) return;
  try {
    process.kill(monitor, 'SIGKILL');
  } catch {
    // Gone since.
  }
}

/** Undefined once the clean-up has taken away what names it. */
function monitorOf(id: string): number | undefined {
  try {
    return processesOfContainer(testRoot(), id).monitor;
  } catch {
    return undefined;
  }
}
