import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerProcess } from '../../../src/libpod/container-processes.ts';
import {
  type ColumnContext,
  DEFAULT_COLUMNS,
  findColumn,
  goDuration,
} from '../../../src/libpod/process-columns.ts';
import { readProcessFacts } from '../../../src/libpod/process-facts.ts';

const facts = readProcessFacts(process.pid);
assert.ok(facts);

const CONTEXT: ColumnContext = {
  now: 1_000_000_000,
  bootTime: 0,
  containerIds: {
    uids: [{ containerId: 0, hostId: 100_000, size: 1000 }],
    gids: [{ containerId: 0, hostId: 100_000, size: 1000 }],
  },
  ownIds: {
    uids: [{ containerId: 0, hostId: 0, size: 4_294_967_295 }],
    gids: [{ containerId: 0, hostId: 0, size: 4_294_967_295 }],
  },
  inner: { users: new Map([[0, 'root']]), groups: new Map([[5, 'games']]) },
  host: { users: new Map([[100_000, 'outside']]), groups: new Map() },
};

function show(name: string, changes: Partial<ContainerProcess> = {}): string {
  assert.ok(facts);
  const process: ContainerProcess = {
    ...facts,
    innerPid: 7,
    innerParentPid: 1,
    innerProcessGroup: 7,
    ...changes,
  };
  return findColumn(name)?.value(process, CONTEXT) ?? 'unknown column';
}

test('every default column exists, and codes of ps name the same columns', () => {
  assert.ok(DEFAULT_COLUMNS.every((name) => findColumn(name) !== undefined));
  assert.equal(findColumn('%C'), findColumn('pcpu'));
  assert.equal(findColumn('nonsense'), undefined);
});

test('users are those of the container, hosts users those of the machine', () => {
  const ids = {
    uids: [100_000, 100_000, 100_000, 100_000],
    gids: [100_005, 100_005],
    groups: [100_005, 100_077],
  };
  assert.equal(show('user', ids), 'root');
  assert.equal(show('huser', ids), 'outside');
  assert.equal(show('uid', ids), '0');
  assert.equal(show('huid', ids), '100000');
  assert.equal(show('groups', ids), 'games,77');
  assert.equal(show('hgroup', ids), '100005');
});

test('a process without arguments is shown by its name in brackets', () => {
  assert.equal(show('args', { args: [], command: 'kthread' }), '[kthread]');
  assert.equal(show('args', { args: ['sleep', '10'] }), 'sleep 10');
});

test('capabilities are none, full, or named in order', () => {
  const withMask = (CapEff: string) => show('capeff', { capabilities: { CapEff } });
  assert.equal(withMask('0000000000000000'), 'none');
  assert.equal(withMask('00000000000000c0'), 'SETGID,SETUID');
  assert.equal(withMask('000001ffffffffff'), 'full');
});

test('terminals are named by their device number', () => {
  assert.equal(show('tty', { terminal: 0 }), '?');
  assert.equal(show('tty', { terminal: (136 << 8) | 3 }), 'pts/3');
  assert.equal(show('tty', { terminal: (4 << 8) | 1 }), 'tty1');
});

test('processor share is of the time since the start', () => {
  assert.equal(show('pcpu', { startTicks: 99_999_000, cpuTicks: 500 }), '50.000');
  assert.equal(show('time', { cpuTicks: 6_150 }), '1m1s');
});

test('durations are printed as Go does', () => {
  assert.equal(goDuration(0), '0s');
  assert.equal(goDuration(1.5), '1.5ms');
  assert.equal(goDuration(4_177.547775), '4.177548s');
  assert.equal(goDuration(61_000), '1m1s');
  assert.equal(goDuration(3_600_000), '1h0m0s');
});

test('the facts of this process are its own', () => {
  assert.ok(facts);
  assert.equal(facts.pid, process.pid);
  assert.equal(facts.parentPid, process.ppid);
  assert.equal(facts.uids[1], process.geteuid?.());
  assert.ok(facts.startTicks > 0 && facts.residentKib > 0);
  assert.equal(readProcessFacts(2 ** 30), undefined);
});
