import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertNothingLeft, listStore, processesOfContainer } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

const MOMENTS = 20;
/** From the start of the program until its clean-up is certainly over. */
const SPAN_MS = 600;
const skip = requires('root');

let baseline: string[] = [];

before(async () => {
  if (skip !== false) return;
  await busyboxImage();
  baseline = listStore(testRoot());
});

test(`a monitor killed at ${MOMENTS} moments makes no exit code up, and its container is as manageable as before`, {
  skip,
}, async () => {
  const script = 'sleep 0.2; exit 7';
  const id = await tspodOk([
    'create',
    '--network',
    'none',
    '--name',
    'victim',
    'localhost/busybox',
    'sh',
    '-c',
    script,
  ]);
  for (let moment = 0; moment < MOMENTS; moment++) {
    await tspodOk(['start', 'victim']);
    await killMonitor(id, (SPAN_MS * moment) / MOMENTS);
    const code = await tspodOk(['wait', 'victim']);
    const [seen, error] = (
      await tspodOk(['inspect', '-f', '{{.State.ExitCode}} {{.State.Error}}', 'victim'])
    ).split(/ (.*)/);
    assert.equal(seen, code);
    if (code === '-1') assert.match(error ?? '', /exit code lost/);
    else assert.equal(code, '7');
  }
  await assertNothingLeft(testRoot(), baseline);
});

async function killMonitor(id: string, afterMs: number): Promise<void> {
  const monitor = monitorOf(id);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  // It may have gone by itself; nobody else gets its number so soon.
  if (monitor === undefined || monitorOf(id) !== monitor) return;
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
