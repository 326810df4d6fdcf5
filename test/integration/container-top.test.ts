import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { before, test } from 'node:test';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { waitFor } from '../fixtures/wait-for.ts';

before(async () => {
  await busyboxImage();
  const script = 'sleep 601 & exec sleep 600';
  await tspodOk(['run', '-d', '--network', 'none', '--name', 'busy', BUSYBOX, 'sh', '-c', script]);
  await waitFor(
    'both processes',
    async () => (await table('comm')).filter((cells) => cells[0] === 'sleep').length === 2,
  );
});

/** Cells of each line; columns are at least two blanks apart. */
async function table(...words: string[]): Promise<string[][]> {
  const text = await tspodOk(['top', 'busy', ...words]);
  return text.split('\n').map((line) => line.trimEnd().split(/ {2,}/));
}

test('shows the processes as the container sees them', async () => {
  const [header, ...rows] = await table();
  assert.deepEqual(header, ['USER', 'PID', 'PPID', '%CPU', 'ELAPSED', 'TTY', 'TIME', 'COMMAND']);
  assert.equal(rows.length, 2);
  assert.deepEqual([rows[0]?.[0], rows[0]?.[1], rows[0]?.[2], rows[0]?.[7]], ['root', '1', '0', 'sleep 600']);
  assert.deepEqual([rows[1]?.[2], rows[1]?.[7]], ['1', 'sleep 601']);
});

test('takes descriptors apart or separated by commas', async () => {
  assert.deepEqual(await table('pid', 'user', 'args'), await table('pid,user,args'));
  assert.deepEqual((await table('state', 'seccomp', 'nice'))[1], ['S', 'filter', String(getPriority())]);
});

test('knows the ids outside', async () => {
  const [, first] = await table('hpid', 'huser', 'huid', 'user');
  const [hostPid, hostUser, hostId, user] = first ?? [];
  assert.equal(readFileSync(`/proc/${hostPid}/cmdline`, 'utf8'), 'sleep\x00600\x00');
  assert.equal(hostId, String(process.getuid?.()));
  assert.equal(hostUser, process.env['USER'] ?? 'root');
  assert.equal(user, 'root');
});

test('shows a user by the name that the container has for it', async () => {
  await tspodOk([
    'exec',
    'busy',
    'sh',
    '-c',
    'echo joe:x:77:88::/:/bin/sh >> /etc/passwd; echo staff:x:88: >> /etc/group',
  ]);
  await tspodOk(['exec', '-d', '-u', 'joe', 'busy', 'sleep', '602']);
  const row = await waitFor('the process of joe', async () =>
    (await table('user', 'group', 'uid', 'capeff', 'args')).find((cells) => cells[4] === 'sleep 602'),
  );
  assert.deepEqual(row.slice(0, 4), ['joe', 'staff', '77', 'none']);
});

test('a process cannot make lines of its own', async () => {
  await tspodOk(['exec', '-d', 'busy', 'sh', '-c', 'sleep 603; :', 'a\nroot\t1']);
  const row = await waitFor('the process', async () =>
    (await table('args')).map((cells) => cells.join(' ')).find((line) => line.includes('sleep 603;')),
  );
  assert.match(row, /a\?root\?1$/);
});

test('a process with very many empty arguments keeps nobody waiting', async () => {
  const many = 'set -- ""; while [ $# -lt 100000 ]; do set -- "$@" "$@"; done';
  const script = `${many}; exec sh -c 'touch /many; sleep 604; :' x "$@" y`;
  await tspodOk(['exec', '-d', 'busy', 'sh', '-c', script]);
  await waitFor('it', async () => (await tspod(['exec', 'busy', 'ls', '/many'])).code === 0);
  const rows = await table('args');
  assert.ok(rows.some((cells) => cells.join(' ').startsWith('sh -c touch /many; sleep 604;')));
});

test('other words are options of ps, which the image need not have', async () => {
  await tspodOk(['exec', 'busy', 'rm', '/bin/ps']);
  const lines = (await tspodOk(['top', 'busy', '-o', 'pid,comm'])).split('\n');
  assert.match(lines[0] ?? '', /^ *PID +COMMAND$/);
  assert.ok(lines.some((line) => /^ *1 sleep$/.test(line)));
  const { code, stderr } = await tspod(['top', 'busy', '--nonsense']);
  assert.equal(code, 125);
  assert.match(stderr, /ps failed with exit code 1: /);
});

test('--list-descriptors names them all, without a container', async () => {
  const names = (await tspodOk(['top', '--list-descriptors'])).split('\n');
  for (const name of ['args', 'capeff', 'hpid', 'seccomp', 'vsz']) assert.ok(names.includes(name), name);
});

test('--latest needs no name', async () => {
  assert.match(await tspodOk(['top', '--latest', 'pid']), /^PID\n1/);
});

test('refuses what is not running or not there', async () => {
  await tspodOk(['create', '--network', 'none', '--name', 'idle', BUSYBOX, 'true']);
  const refusal = async (...args: string[]) => (await tspod(['top', ...args])).stderr.split('\n')[0];
  assert.equal(await refusal('idle'), 'Error: top can only be used on running containers');
  assert.equal(await refusal(), 'Error: you must provide the name or id of a running container');
  assert.equal(
    await refusal('nobody'),
    'Error: unable to look up requested container: no container with name or ID "nobody" found: no such container',
  );
});
