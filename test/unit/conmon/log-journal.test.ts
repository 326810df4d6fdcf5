import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseJournalLine, readJournal } from '../../../src/conmon/log-journal.ts';
import { collectingConsumer } from '../../fixtures/log-files.ts';

const path = process.env['PATH'];
let directory = '';

/** Stands for journalctl: writes its arguments down and prints what the test wants. */
function fakeJournalctl(script: string): void {
  writeFileSync(join(directory, 'journalctl'), `#!/bin/sh\necho "$@" > ${directory}/arguments\n${script}\n`, {
    mode: 0o755,
  });
}

function journalLine(fields: Record<string, unknown>): string {
  return JSON.stringify({
    __CURSOR: 's=1',
    __REALTIME_TIMESTAMP: '1700000000123456',
    PRIORITY: '6',
    ...fields,
  });
}

const OPTIONS = {
  id: 'f'.repeat(64),
  follow: false,
  tail: undefined,
  since: undefined,
  until: undefined,
  isActive: () => false,
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tspod-journal-'));
  process.env['PATH'] = `${directory}:/usr/bin:/bin`;
});

afterEach(() => {
  process.env['PATH'] = path;
  rmSync(directory, { recursive: true, force: true });
});

describe('a journal entry', () => {
  test('has its stream from the priority and its time in microseconds', () => {
    assert.deepEqual(parseJournalLine(journalLine({ MESSAGE: 'hello', PRIORITY: '3' })), {
      stream: 2,
      time: '2023-11-14T22:13:20.123456000Z',
      text: Buffer.from('hello'),
      complete: true,
      cursor: 's=1',
    });
  });

  test('may hold any bytes, and be a part of a line', () => {
    const parsed = parseJournalLine(
      journalLine({ MESSAGE: [0, 255, 10], CONTAINER_PARTIAL_MESSAGE: 'true' }),
    );
    assert.deepEqual(parsed?.text, Buffer.from([0, 255, 10]));
    assert.equal(parsed?.complete, false);
  });

  test('that is none is passed over', () => {
    assert.equal(parseJournalLine('-- No entries --'), undefined);
  });
});

describe('reading the journal', () => {
  test('asks for this container only and joins parts', async () => {
    fakeJournalctl(
      `cat <<'END'\n${journalLine({ MESSAGE: 'a', CONTAINER_PARTIAL_MESSAGE: 'true' })}\n${journalLine({ MESSAGE: 'b' })}\nEND`,
    );
    const consumer = collectingConsumer();
    await readJournal(OPTIONS, consumer);
    assert.equal(consumer.text(), 'ab\n');
    const asked = readFileSync(join(directory, 'arguments'), 'utf8');
    assert.match(asked, new RegExp(`CONTAINER_ID_FULL=${OPTIONS.id}`));
  });

  test('takes only a newline for the end of a line', async () => {
    const text = 'one\u2028two\u2029three\rfour';
    fakeJournalctl(`cat <<'END'\n${journalLine({ MESSAGE: text })}\nEND`);
    const consumer = collectingConsumer();
    await readJournal(OPTIONS, consumer);
    assert.equal(consumer.text(), `${text}\n`);
  });

  test('begins at the first part of the last lines', async () => {
    const parts = [
      { MESSAGE: 'old', __CURSOR: 's=1' },
      { MESSAGE: 'long ', __CURSOR: 's=2', CONTAINER_PARTIAL_MESSAGE: 'true' },
      { MESSAGE: 'line', __CURSOR: 's=3' },
      { MESSAGE: 'open', __CURSOR: 's=4', CONTAINER_PARTIAL_MESSAGE: 'true' },
    ];
    for (const [tail, from] of [
      [1, '--cursor=s=4'],
      [2, '--cursor=s=2'],
      [3, ''],
      [0, '--lines=0'],
    ] as const) {
      fakeJournalctl(
        `case "$*" in *--reverse*) cat <<'END'\n${parts.toReversed().map(journalLine).join('\n')}\nEND\nesac`,
      );
      await readJournal({ ...OPTIONS, tail, since: 5000 }, collectingConsumer());
      const asked = readFileSync(join(directory, 'arguments'), 'utf8');
      assert.ok(asked.includes(from), asked);
      assert.doesNotMatch(asked, /--reverse/);
      assert.equal(asked.includes('--cursor'), from.startsWith('--cursor'), asked);
      assert.notEqual(asked.includes('--since'), asked.includes('--cursor'), asked);
    }
  });

  test('tells why it failed in the words of journalctl', async () => {
    fakeJournalctl('echo "No permission." >&2; exit 1');
    await assert.rejects(readJournal(OPTIONS, collectingConsumer()), /No permission\./);
  });

  test('refuses by cause where there is no journalctl', async () => {
    process.env['PATH'] = directory;
    await assert.rejects(readJournal(OPTIONS, collectingConsumer()), /journalctl is not installed/);
  });

  test('stops following when the container has ended', async () => {
    fakeJournalctl(`cat <<'END'\n${journalLine({ MESSAGE: 'last' })}\nEND\nexec sleep 600`);
    const consumer = collectingConsumer();
    await readJournal({ ...OPTIONS, follow: true }, consumer);
    assert.equal(consumer.text(), 'last\n');
  });
});
