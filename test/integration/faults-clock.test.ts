import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startScript, startSleeper } from '../fixtures/containers.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import { openDatabase, transaction } from '../../src/state/db.ts';

/*
 * Nobody sets the clock of the host that tests run on: what was written down before a change of an hour gets the times that it would
 * have had.
 */
const HOUR_MS = 3_600_000;

function inAnHour(): string {
  return new Date(Date.now() + HOUR_MS).toISOString();
}

function changeContainer(name: string, sql: string, ...values: string[]): void {
  const db = openDatabase(join(testRoot().graphRoot, 'state.db'));
  try {
    const { changes } = transaction(db, () =>
      db.prepare(`UPDATE containers SET ${sql} WHERE name = ?`).run(...values, name),
    );
    assert.equal(changes, 1);
  } finally {
    db.close();
  }
}

test('following the log of a container ends that was stopped before the clock was set back', async () => {
  const name = await startScript([], 'echo hello; trap "exit 0" TERM; while :; do sleep 0.1; done');
  await tspodOk(['stop', name]);
  changeContainer(name, 'finished_at = ?', inAnHour());
  assert.equal(await tspodOk(['logs', '-f', name], { timeout: 30_000 }), 'hello');
});

test('a container that waited for its restart when the clock was set back is started, and its log goes on', async () => {
  const name = await startScript(['--restart', 'on-failure:3'], 'echo again; exit 3');
  await waitFor(
    'the last restart',
    async () =>
      (await tspodOk([
        'inspect',
        '-f',
        '{{.RestartCount}} {{.State.Status}} {{.State.Restarting}}',
        name,
      ])) === '3 exited false',
  );
  const due = JSON.stringify({ at: Date.now() + HOUR_MS, count: 1, quickRestarts: 1 });
  changeContainer(name, "restart_count = 0, facts = json_set(facts, '$.restart', json(?))", due);
  await tspodOk(['container', 'cleanup', name]);
  const lines = (await tspodOk(['logs', '-f', name], { timeout: 60_000 })).split('\n');
  assert.ok(lines.length > 4, `it ran ${lines.length} times`);
});

test('a health check that is asked for after the clock was set back is a new one', async () => {
  const name = await startSleeper(['--health-cmd', 'echo one', '--health-interval', 'disable']);
  await tspodOk(['healthcheck', 'run', name]);
  const id = await tspodOk(['inspect', '-f', '{{.Id}}', name]);
  const log = JSON.parse(await tspodOk(['inspect', '-f', '{{json .State.Health}}', name])) as {
    Log: { Start: string }[];
  };
  const path = join(testRoot().runRoot, 'containers', id, 'healthcheck.log');
  const before = log.Log.length;
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/"(Start|End)":"\d{4}/g, '"$1":"2999'));
  await tspodOk(['healthcheck', 'run', name]);
  const after = JSON.parse(await tspodOk(['inspect', '-f', '{{json .State.Health}}', name])) as {
    Log: { Start: string }[];
  };
  assert.equal(after.Log.length, before + 1);
  assert.doesNotMatch(after.Log.at(-1)?.Start ?? '', /^2999/);
});
