import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { logEntries, makeFakeContainer } from '../fixtures/monitor/container.ts';
import { startMonitor } from '../fixtures/monitor/monitor.ts';

const RECEIVE = join(import.meta.dirname, '../fixtures/monitor/receive-datagrams.py');
const skip = process.getuid?.() === 0 ? false : 'needs root';

interface Entry {
  readonly log: string;
  readonly stream: string;
  readonly time: string;
}

async function jsonLog(text: Buffer | string, ...more: string[]): Promise<Entry[]> {
  using container = makeFakeContainer('cat "$(dirname "$0")/text"');
  writeFileSync(join(container.bundle, 'text'), text);
  const path = join(container.directory, 'json:log');
  const args = [...container.args, '--sync', '--log-path', `json-file:${path}`, ...more];
  assert.equal(await startMonitor({ args }).exited, 0);
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.equal(lines.pop(), '');
  return lines.map((line) => JSON.parse(line));
}

test('json-file has an object per line, in the form of docker', async () => {
  using container = makeFakeContainer('echo "one <&>"; sleep 0.05; echo two >&2');
  const path = join(container.directory, 'json.log');
  const args = [...container.args, '--sync', '--log-path', `json-file:${path}`];
  assert.equal(await startMonitor({ args }).exited, 0);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,8}[1-9])?Z';
  assert.match(
    lines[0] ?? '',
    new RegExp(`^\\{"log":"one \\\\u003c\\\\u0026\\\\u003e\\\\n","stream":"stdout","time":"${time}"\\}$`),
  );
  assert.match(lines[1] ?? '', new RegExp(`^\\{"log":"two\\\\n","stream":"stderr","time":"${time}"\\}$`));
  assert.deepEqual(logEntries(container), ['stdout F one <&>', 'stderr F two']);
});

test('json-file keeps any text, and replaces what is not UTF-8', async () => {
  const text = 'q"b\\t\tr\r\u0000\u001f\u007fä€\u2028\u{1f600}\n';
  const broken = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xc0, 0x80, 0x62, 0xe2, 0x82, 10]);
  const entries = await jsonLog(Buffer.concat([Buffer.from(text), broken]));
  assert.deepEqual(
    entries.map((entry) => entry.log),
    [text, `a\ufffd\ufffd(${'\ufffd'.repeat(5)}b\ufffd\ufffd\n`],
  );
});

test('json-file joins lines across reads and splits only very long ones', async () => {
  const lines = [`${'a'.repeat(8191)}é${'b'.repeat(3000)}\n`, `${'c'.repeat(40_000)}\n`, '\n', 'no newline'];
  const entries = await jsonLog(lines.join(''));
  assert.deepEqual(
    entries.map((entry) => entry.log.length),
    [11_193, 16_384, 16_384, 7233, 1, 10],
  );
  assert.equal(entries.map((entry) => entry.log).join(''), lines.join(''));
});

test('json-file keeps to the size limit', async () => {
  const entries = await jsonLog('"""""\n'.repeat(2000), '--log-size-max', '4000');
  assert.ok(entries.length > 20 && entries.length < 60);
  const bytes = entries.reduce((total, entry) => total + JSON.stringify(entry).length + 1, 0);
  assert.ok(bytes <= 4000, String(bytes));
});

test('journald gets one entry per line with the fields of the container', { skip }, async () => {
  using container = makeFakeContainer('printf "one\\n<4>two\\npart"; sleep 0.05; echo err >&2');
  const out = join(container.directory, 'journal.json');
  const args = container.args.map((word) => (word.startsWith('k8s-file:') ? 'journald' : word));
  const monitor = startMonitor({
    args: [...args, '--sync', '--name', 'web', '--log-tag', 'tag', '--log-label', 'A_1=x=y\nPRIORITY=0'],
    wrapper: ['unshare', '--mount', 'python3', RECEIVE, '/run/systemd/journal/socket', out],
  });
  assert.equal(await monitor.exited, 0, monitor.stderr());
  const entries = (JSON.parse(readFileSync(out, 'utf8')) as string[]).map((text) =>
    fields(Buffer.from(text, 'base64')),
  );
  const shared = {
    CONTAINER_ID_FULL: container.id,
    CONTAINER_ID: container.id.slice(0, 12),
    CONTAINER_NAME: 'web',
    CONTAINER_TAG: 'tag',
    SYSLOG_IDENTIFIER: 'tag',
    A_1: 'x=y\nPRIORITY=0',
  };
  assert.deepEqual(entries, [
    { ...shared, PRIORITY: '6', MESSAGE: 'one' },
    { ...shared, PRIORITY: '4', MESSAGE: 'two' },
    { ...shared, PRIORITY: '3', MESSAGE: 'err' },
    { ...shared, PRIORITY: '6', MESSAGE: 'part', CONTAINER_PARTIAL_MESSAGE: 'true' },
  ]);
});

test('journald gets what is written after its socket was made anew', { skip }, async () => {
  using container = makeFakeContainer('echo one; mv /run/next /run/systemd/journal/socket; echo two');
  const out = join(container.directory, 'journal.json');
  const args = container.args.map((word) => (word.startsWith('k8s-file:') ? 'journald' : word));
  const monitor = startMonitor({
    args: [...args, '--sync', '--name', 'web'],
    wrapper: [
      'unshare',
      '--mount',
      'python3',
      RECEIVE,
      '/run/systemd/journal/socket',
      out,
      '--next',
      '/run/next',
    ],
  });
  assert.equal(await monitor.exited, 0, monitor.stderr());
  const received = JSON.parse(readFileSync(out, 'utf8')) as string[];
  const atNewSocket = received.slice(received.indexOf('') + 1).map((text) => Buffer.from(text, 'base64'));
  assert.equal(fields(atNewSocket.at(-1) ?? Buffer.alloc(0))['MESSAGE'], 'two');
});

test('harmless notify messages of the container reach the host, others do not', async () => {
  const send = [
    'import os, socket',
    's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    's.connect(os.path.dirname(os.environ["BUNDLE"] + "/") + "/notify/notify.sock")',
    's.send(b"MAINPID=1\\nREADY=1\\nREADY=12\\nFDSTORE=1")',
    's.send(b"STATUS=fine\\n")',
    's.send(b"MAINPID=7")',
  ];
  using container = makeFakeContainer(`BUNDLE="$(dirname "$0")" exec python3 -c '${send.join('\n')}'`);
  mkdirSync(join(container.bundle, 'notify'));
  const [host, out] = [join(container.directory, 'host'), join(container.directory, 'notify.json')];
  const args = [...container.args, '--sync', '--sdnotify-socket', host];
  const monitor = startMonitor({ args, wrapper: ['python3', RECEIVE, host, out] });
  assert.equal(await monitor.exited, 0, existsSync(container.log) ? readFileSync(container.log, 'utf8') : '');
  const received = (JSON.parse(readFileSync(out, 'utf8')) as string[]).map((text) =>
    Buffer.from(text, 'base64').toString(),
  );
  assert.deepEqual(received, ['READY=1\n', 'STATUS=fine\n']);
});

/** The journal's native form: NAME=value, or NAME, a length in 8 bytes, and the value. */
function fields(datagram: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at < datagram.length; ) {
    const end = datagram.indexOf(10, at);
    const head = datagram.toString('utf8', at, end);
    const [name = '', value] = head.includes('=')
      ? [head.slice(0, head.indexOf('=')), head.slice(head.indexOf('=') + 1)]
      : [head];
    if (value !== undefined) {
      found[name] = value;
      at = end + 1;
    } else {
      const size = Number(datagram.readBigUInt64LE(end + 1));
      found[name] = datagram.toString('utf8', end + 9, end + 9 + size);
      at = end + 9 + size + 1;
    }
  }
  return found;
}
