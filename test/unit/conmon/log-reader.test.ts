import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { LogReader, type LogSelection } from '../../../src/conmon/log-reader.ts';
import { collectingConsumer, k8sEntry, logInEmptyDirectory } from '../../fixtures/log-files.ts';

const ALL: LogSelection = { tail: undefined, since: undefined, until: undefined };

async function readLog(path: string, selection: Partial<LogSelection> = {}, maxFiles = 1) {
  const consumer = collectingConsumer();
  const reader = new LogReader({ path, maxFiles }, { ...ALL, ...selection }, consumer);
  try {
    await reader.readOn();
  } finally {
    reader.close();
  }
  return consumer;
}

function logOf(...entries: string[]): string {
  const path = logInEmptyDirectory();
  writeFileSync(path, entries.join(''));
  return path;
}

/** By all system calls of this process so far. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

function numbered(from: number, to: number): string {
  let text = '';
  for (let number = from; number <= to; number++) text += k8sEntry(`line ${number}`);
  return text;
}

describe('reading a log', () => {
  test('a log that does not exist yet is empty', async () => {
    assert.equal((await readLog(logInEmptyDirectory())).text(), '');
  });

  test('streams are told apart and parts of a line are joined', async () => {
    const path = logOf(
      k8sEntry('one ', { partial: true }),
      k8sEntry('err', { stderr: true }),
      k8sEntry('two', { partial: true }),
      k8sEntry(''),
      k8sEntry('unfinished', { partial: true }),
    );
    const log = await readLog(path);
    assert.equal(log.text(1), 'one two\nunfinished');
    assert.equal(log.text(2), 'err\n');
  });

  test('every byte comes out as it went in, also in lines larger than any buffer', async () => {
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, index) => (index * 7) % 256)).filter(
      (byte) => byte !== 10,
    );
    const path = logInEmptyDirectory();
    for (let at = 0; at < bytes.length; at += 8192) {
      appendFileSync(path, k8sEntry('', { partial: true }).slice(0, -1));
      appendFileSync(path, bytes.subarray(at, at + 8192));
      appendFileSync(path, '\n');
    }
    appendFileSync(path, k8sEntry(''));
    assert.deepEqual((await readLog(path)).bytes(1), Buffer.concat([bytes, Buffer.from('\n')]));
  });

  test('one entry of a megabyte is whole', async () => {
    const path = logOf(k8sEntry('x'.repeat(1_000_000)), k8sEntry('after'));
    assert.equal((await readLog(path)).text(), `${'x'.repeat(1_000_000)}\nafter\n`);
  });

  test('torn lines, NUL bytes and endless garbage are left out, the rest is shown', async () => {
    const path = logOf(k8sEntry('before'), '2026-01-0\n', '\0'.repeat(5_000_000), '\n', k8sEntry('after'));
    assert.equal((await readLog(path)).text(), 'before\nafter\n');
  });

  test('an entry that is being written is not shown before it is whole', async () => {
    const path = logOf(k8sEntry('whole'), k8sEntry('rest').slice(0, -3));
    const consumer = collectingConsumer();
    const reader = new LogReader({ path, maxFiles: 1 }, ALL, consumer);
    await reader.readOn();
    assert.equal(consumer.text(), 'whole\n');
    appendFileSync(path, 'st\n');
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'whole\nrest\n');
  });

  test('since and until are exclusive and decide for whole lines', async () => {
    const at = (second: number) => `2026-01-02T03:04:0${second}.000000000+00:00`;
    const path = logOf(
      k8sEntry('a', { time: at(1) }),
      k8sEntry('b1', { time: at(2), partial: true }),
      k8sEntry('b2', { time: at(4) }),
      k8sEntry('c', { time: at(3) }),
      k8sEntry('d', { time: at(4) }),
    );
    const range = { since: Date.parse(at(1)), until: Date.parse(at(4)) };
    assert.equal((await readLog(path, range)).text(), 'b1b2\nc\n');
  });

  test('the consumer can hold the reader back', async () => {
    const path = logOf(numbered(1, 20_000));
    let holding = 0;
    let most = 0;
    const reader = new LogReader({ path, maxFiles: 1 }, ALL, {
      entry: () => {
        holding++;
      },
      async flush() {
        most = Math.max(most, holding);
        await Promise.resolve();
        holding = 0;
      },
    });
    await reader.readOn();
    reader.close();
    assert.ok(most > 0 && most < 10_000, `${most} entries at once`);
  });
});

describe('the last lines of a log', () => {
  test('cost the same in a log of a gigabyte, of which hardly anything is read', async () => {
    const path = logInEmptyDirectory();
    writeFileSync(path, numbered(1, 1000));
    // The middle is a hole: one endless line as far as the reader can see.
    truncateSync(path, 2 ** 30);
    appendFileSync(path, `\n${numbered(1, 5000)}`);
    const before = bytesRead();
    const log = await readLog(path, { tail: 10 });
    const read = bytesRead() - before;
    assert.equal(log.text().split('\n')[0], 'line 4991');
    assert.ok(read < 2 ** 20, `${read} bytes read`);
  });

  test('are counted over both streams', async () => {
    const path = logOf(
      k8sEntry('a'),
      k8sEntry('b', { stderr: true }),
      k8sEntry('c'),
      k8sEntry('d', { stderr: true }),
    );
    const log = await readLog(path, { tail: 3 });
    assert.equal(log.text(1), 'c\n');
    assert.equal(log.text(2), 'b\nd\n');
  });

  test('are none, all, or more than there are', async () => {
    const path = logOf(numbered(1, 3));
    assert.equal((await readLog(path, { tail: 0 })).text(), '');
    assert.equal((await readLog(path, { tail: 3 })).text(), 'line 1\nline 2\nline 3\n');
    assert.equal((await readLog(path, { tail: 99 })).text(), 'line 1\nline 2\nline 3\n');
    assert.equal((await readLog(logOf(''), { tail: 5 })).text(), '');
  });

  test('include all parts of a line, and nothing of what lies in between', async () => {
    const path = logOf(
      k8sEntry('old'),
      k8sEntry('A', { partial: true }),
      k8sEntry('other', { stderr: true }),
      k8sEntry('B', { partial: true }),
      k8sEntry('noise', { stderr: true, partial: true }),
      k8sEntry('', { stderr: true }),
      k8sEntry('C'),
    );
    const log = await readLog(path, { tail: 1 });
    assert.equal(log.text(1), 'ABC\n');
    assert.equal(log.text(2), '');
  });

  test('count an unfinished line as one', async () => {
    const path = logOf(
      k8sEntry('a'),
      k8sEntry('b'),
      k8sEntry('pro', { partial: true }),
      k8sEntry('mpt', { partial: true }),
    );
    assert.equal((await readLog(path, { tail: 1 })).text(), 'prompt');
    assert.equal((await readLog(path, { tail: 2 })).text(), 'b\nprompt');
  });

  test('are right for every count, whatever the blocks', async () => {
    const lines = Array.from({ length: 300 }, (_, number) => `${number} ${'x'.repeat((number * 37) % 2000)}`);
    const path = logOf(lines.map((line) => k8sEntry(line)).join(''));
    for (let tail = 1; tail <= 300; tail += 7) {
      assert.equal(
        (await readLog(path, { tail })).text(),
        `${lines.slice(-tail).join('\n')}\n`,
        `tail ${tail}`,
      );
    }
  });

  test('reach into rotated files', async () => {
    const path = logOf(numbered(7, 8));
    writeFileSync(`${path}.1`, numbered(4, 6));
    writeFileSync(`${path}.2`, numbered(1, 3));
    assert.equal((await readLog(path, { tail: 4 }, 3)).text(), 'line 5\nline 6\nline 7\nline 8\n');
    assert.equal((await readLog(path, {}, 3)).text().split('\n').length, 9);
  });

  test('of a json log are found as well', async () => {
    const line = (log: string) =>
      `${JSON.stringify({ log, stream: 'stdout', time: '2026-01-02T03:04:05Z' })}\n`;
    const path = logOf(line('a\n'), line('b'), line('b\n'), line('c\n'));
    assert.equal((await readLog(path, { tail: 2 })).text(), 'bb\nc\n');
  });
});

describe('reading on', () => {
  function openReader(path: string, maxFiles = 1, selection: Partial<LogSelection> = {}) {
    const consumer = collectingConsumer();
    return { consumer, reader: new LogReader({ path, maxFiles }, { ...ALL, ...selection }, consumer) };
  }

  function rotate(path: string, keep: number): void {
    for (let number = keep; number >= 1; number--) {
      try {
        renameSync(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
      } catch {
        // Not that many yet.
      }
    }
    writeFileSync(path, '');
  }

  test('goes through every rotation that happened meanwhile', async () => {
    const path = logOf(numbered(1, 2));
    const { consumer, reader } = openReader(path, 4);
    await reader.readOn();
    appendFileSync(path, numbered(3, 3));
    for (let round = 0; round < 3; round++) {
      rotate(path, 3);
      appendFileSync(path, numbered(4 + round, 4 + round));
    }
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n');
  });

  test('goes on with the oldest file that is left when its own has fallen out', async () => {
    const path = logOf(numbered(1, 1));
    const { consumer, reader } = openReader(path, 2);
    await reader.readOn();
    for (let round = 0; round < 3; round++) {
      rotate(path, 1);
      appendFileSync(path, numbered(2 + round, 2 + round));
    }
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'line 1\nline 3\nline 4\n');
  });

  test('follows a log that is replaced without keeping old files', async () => {
    const path = logOf(numbered(1, 1));
    const { consumer, reader } = openReader(path);
    await reader.readOn();
    appendFileSync(path, numbered(2, 2));
    writeFileSync(`${path}.tmp`, numbered(3, 3));
    renameSync(`${path}.tmp`, path);
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'line 1\nline 2\nline 3\n');
  });

  test('starts again when somebody has emptied the file', async () => {
    const path = logOf(numbered(1, 5));
    const { consumer, reader } = openReader(path, 1, { tail: 0 });
    await reader.readOn();
    truncateSync(path, 0);
    appendFileSync(path, numbered(6, 6));
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'line 6\n');
  });

  test('after --tail 0 shows what comes, but no rest of an unfinished line', async () => {
    const path = logOf(k8sEntry('un', { partial: true }));
    const { consumer, reader } = openReader(path, 1, { tail: 0 });
    await reader.readOn();
    appendFileSync(path, k8sEntry('finished') + k8sEntry('new'));
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'new\n');
  });

  test('finds a log that appears only later', async () => {
    const path = logInEmptyDirectory();
    const { consumer, reader } = openReader(path);
    await reader.readOn();
    writeFileSync(path, numbered(1, 1));
    await reader.readOn();
    reader.close();
    assert.equal(consumer.text(), 'line 1\n');
  });

  test('of a container that writes faster than it is read lets others have their turn, and ends when nobody reads', async () => {
    const path = logOf(numbered(1, 1));
    const gone = new AbortController();
    const endless = { entry: () => {}, flush: () => appendFileSync(path, numbered(1, 10)) };
    const reader = new LogReader({ path, maxFiles: 1 }, { ...ALL, signal: gone.signal }, endless);
    setImmediate(() => gone.abort());
    await reader.readOn();
    reader.close();
    assert.equal(gone.signal.aborted, true);
  });
});
