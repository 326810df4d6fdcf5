import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/state/db.ts';
import { SCHEMA_VERSION } from '../../src/state/schema.ts';
import { findRemains, query } from '../fixtures/crash-survey.ts';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  testEnvironment,
  TSPOD,
  type TestRoot,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const skip = requires('root');

/** A root whose graph root is a file system of that size. */
async function onSmallDisk(size: string, work: (root: TestRoot) => Promise<void>): Promise<void> {
  const root = makeTestRoot();
  mkdirSync(root.graphRoot);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', root.graphRoot]).status, 0);
  try {
    await work(root);
  } finally {
    await tspod(['rm', '--all', '--force', '--time', '0'], { root });
    spawnSync('umount', [root.graphRoot]);
  }
}

function fill(root: TestRoot): void {
  const fd = openSync(join(root.graphRoot, 'fill'), 'a');
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096, 1));
  } catch {
    // Full.
  } finally {
    closeSync(fd);
  }
}

async function assertFails(args: string[], root: TestRoot, says: RegExp): Promise<void> {
  const result = await tspod(args, { root });
  assert.equal(result.code, 125, `${args.join(' ')}: ${result.stdout}`);
  assert.match(result.stderr, says);
  assert.doesNotMatch(result.stderr, /internal error/);
}

test('an image that does not fit is refused, and nothing of it stays', { skip }, async () => {
  await onSmallDisk('900k', async (root) => {
    await assertFails(['import', busyboxArchive(), 'localhost/big:1'], root, /no space left on device/);
    assert.equal(await tspodOk(['images', '--quiet'], { root }), '');
    const { stdout } = spawnSync(
      'find',
      [join(root.graphRoot, 'layers'), join(root.graphRoot, 'trash'), '-mindepth', '1'],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(stdout, '');
  });
});

test('nor on a disk that has run out of inodes', { skip }, async () => {
  await onSmallDisk('30m,nr_inodes=60', async (root) => {
    await assertFails(
      ['import', busyboxArchive(), 'localhost/big:1'],
      root,
      /^Error: .*no space left on device\n/,
    );
    assert.ok(statfsSync(root.graphRoot).ffree > 40);
    await tspodOk(['system', 'check'], { root });
  });
});

test('on a full disk what does not fit is refused, but containers stop and everything can be removed', {
  skip,
}, async () => {
  await onSmallDisk('8m', async (root) => {
    await busyboxImage(root);
    await tspodOk(['run', '-d', '--network', 'none', '--name', 'there', 'busybox', 'sleep', '1000'], {
      root,
    });
    fill(root);
    await assertFails(['import', busyboxArchive(), 'localhost/big:1'], root, /no space left on device/);
    // The database has written its first megabyte before it needs another.
    for (let made = 0; made < 200; made++) {
      const { code, stderr } = await tspod(['create', '--network', 'none', 'busybox', 'true'], { root });
      if (code === 0) continue;
      assert.match(stderr, /^Error: .*no space left on device\n/);
      break;
    }
    await tspodOk(['rm', '--all', '--filter', 'status=created'], { root });
    assert.match(
      await tspodOk(['ps', '-a', '--format', '{{.Names}} {{.State}}'], { root }),
      /^there running$/,
    );
    await tspodOk(['stop', '--time', '0', 'there'], { root });
    await tspodOk(['rm', 'there'], { root });
    await tspodOk(['rmi', 'busybox'], { root });
    rmSync(join(root.graphRoot, 'fill'));
    await busyboxImage(root);
    assert.equal(
      await tspodOk(['run', '--rm', '--network', 'none', 'busybox', 'echo', 'again'], { root }),
      'again',
    );
    const own = `mount ${root.graphRoot} `;
    assert.deepEqual(
      (await findRemains(root)).filter((remains) => !remains.startsWith(own)),
      [],
    );
  });
});

/** Takes back what the schema has got since its sixth version. */
const OLDER = `DROP TABLE elsewhere; DROP TABLE container_secrets; DROP INDEX containers_by_project; PRAGMA user_version = 6;
  ALTER TABLE containers DROP COLUMN spec_sum; ALTER TABLE containers DROP COLUMN project;
  ALTER TABLE containers DROP COLUMN checkpoint; ALTER TABLE secrets DROP COLUMN driver;
  ALTER TABLE secrets DROP COLUMN driver_options; ALTER TABLE secrets DROP COLUMN sealed;
  ALTER TABLE volumes DROP COLUMN row_sum; ALTER TABLE pods DROP COLUMN row_sum; ALTER TABLE secrets DROP COLUMN row_sum;
  ALTER TABLE layers DROP COLUMN store; ALTER TABLE images DROP COLUMN store`;

test('a store of an older tspod is taken over with all that is in it, on a full disk too', {
  skip,
}, async () => {
  await onSmallDisk('8m', async (root) => {
    await busyboxImage(root);
    await tspodOk(['create', '--network', 'none', '--name', 'there', 'busybox', 'true'], { root });
    await tspodOk(['create', '--network', 'none', '--name', 'stays', '-v', 'data:/d', 'busybox', 'true'], {
      root,
    });
    const path = join(root.graphRoot, 'state.db');
    const db = openDatabase(path);
    db.exec(OLDER);
    db.close();
    fill(root);
    await tspodOk(['rm', 'there'], { root });
    rmSync(join(root.graphRoot, 'fill'));
    assert.equal(query(root, 'PRAGMA user_version')[0]?.['user_version'], SCHEMA_VERSION);
    assert.equal(await tspodOk(['ps', '-a', '--format', '{{.Names}}'], { root }), 'stays');
    await tspodOk(['start', '-a', 'stays'], { root });
    await tspodOk(['rm', '-v', 'stays'], { root });
  });
});

test('a container that fills its own disk can be looked at, stopped and started, cleaned up from inside, and removed', {
  skip,
}, async () => {
  await onSmallDisk('8m', async (root) => {
    await busyboxImage(root);
    // It takes whatever becomes free, at every start.
    const script = `trap 'exit 5' TERM; dd if=/dev/zero of=/fill$RANDOM bs=4k 2>/dev/null; touch /dev/shm/full
      while :; do sleep 0.1; done`;
    const words = ['--network', 'none', '--name', 'greedy', 'busybox', 'sh', '-c', script];
    await tspodOk(['run', '-d', ...words], { root });
    const exec = (...command: string[]) => tspod(['exec', 'greedy', ...command], { root });
    await waitFor('a full disk', async () => (await exec('test', '-e', '/dev/shm/full')).code === 0);
    fill(root);
    assert.match(await tspodOk(['ps', '--format', '{{.Names}} {{.State}}'], { root }), /^greedy running$/);
    assert.match(await tspodOk(['top', 'greedy', 'args'], { root }), /sleep 0\.1/);
    const stats = ['stats', '--no-stream', '--format', '{{.Name}}', 'greedy'];
    assert.equal(await tspodOk(stats, { root }), 'greedy');
    assert.match(await tspodOk(['diff', 'greedy'], { root }), /^A \/fill\d+$/m);
    const inside = await exec('sh', '-c', 'echo x > /more');
    assert.deepEqual([inside.code, /No space left on device/.test(inside.stderr)], [1, true], inside.stderr);
    for (let round = 0; round < 4; round++) {
      await tspodOk(['stop', 'greedy'], { root });
      assert.equal(await tspodOk(['inspect', '--format', '{{.State.ExitCode}}', 'greedy'], { root }), '5');
      fill(root);
      const { code, stderr } = await tspod(['start', 'greedy'], { root });
      if (code === 0)
        await waitFor('a full disk', async () => (await exec('ls', '/dev/shm/full')).code === 0);
      else assert.match(stderr, /no space left on device/);
      fill(root);
    }
    rmSync(join(root.graphRoot, 'fill'));
    await tspodOk(['start', 'greedy'], { root });
    fill(root);
    const cleared = await exec('sh', '-c', 'rm /fill*');
    assert.equal(cleared.code, 0, cleared.stderr);
    assert.equal((await exec('sh', '-c', 'echo x > /more')).code, 0);
    fill(root);
    await tspodOk(['rm', '-f', '-t', '0', 'greedy'], { root });
  });
});

for (const driver of ['k8s-file', 'json-file'])
  test(`on a full disk a log of ${driver} goes without what is written then, says so, and has no torn line`, {
    skip,
  }, async () => {
    const root = makeTestRoot();
    await busyboxImage(root);
    const disk = join(root.base, 'logs');
    mkdirSync(disk);
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status, 0);
    try {
      // One line for each that it is asked for.
      const script = 'n=0; while read word; do n=$((n + 1)); echo "line $n"; done';
      const flags = ['--log-driver', driver, '--log-opt', `path=${disk}/ctr.log`];
      const words = ['--name', 'talker', '--network', 'none', ...flags, 'busybox', 'sh', '-c', script];
      const run = spawnTspod(['run', '-i', ...words], { root });
      run.write('x\n');
      await run.expect('line 1\n');
      const full = join(disk, 'fill');
      writeFileSync(full, '');
      assert.notEqual(spawnSync('dd', ['if=/dev/zero', `of=${full}`, 'bs=4k']).status, 0);
      // More than the rest of the page that the log has begun.
      for (let line = 2; line <= 400; line++) run.write('x\n');
      await run.expect('line 400\n');
      assert.equal(await tspodOk(['exec', 'talker', 'echo', 'alive'], { root }), 'alive');
      rmSync(full);
      run.write('x\n');
      await run.expect('line 401\n');
      run.endInput();
      assert.equal((await run.exit).code, 0);
      const { code, stdout, stderr } = await tspod(['logs', 'talker'], { root });
      assert.equal(code, 0);
      assert.match(stdout, /^(line \d+\n)+$/);
      assert.ok(stdout.startsWith('line 1\n') && stdout.endsWith('line 401\n') && !/line 399/.test(stdout));
      assert.match(stderr, /^(\[\d+ bytes of log are missing here: No space left on device\]\n)+$/);
      await tspodOk(['rm', 'talker'], { root });
    } finally {
      await tspod(['rm', '-f', '-t', '0', 'talker'], { root });
      spawnSync('umount', [disk]);
    }
  });

test('a read-only graph root can be looked at, and says that it cannot be written', { skip }, async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const readOnly = (...args: string[]) => {
    const script = `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`;
    const words = ['-m', 'sh', '-c', script, root.graphRoot, TSPOD, ...rootArguments(root), ...args];
    return runProgram('unshare', words, { env: testEnvironment({ root }) });
  };
  assert.match((await readOnly('images')).stdout, /busybox/);
  assert.equal((await readOnly('ps', '-a')).code, 0);
  for (const args of [
    ['run', '--rm', '--network', 'none', 'busybox', 'true'],
    ['rmi', 'busybox'],
  ]) {
    const { code, stderr } = await readOnly(...args);
    assert.equal(code, 125);
    assert.match(stderr, /cannot open state database .*readonly|read-only/);
  }
});

test('where the size of files is limited, commands say so, and leave a whole store', async () => {
  const root = makeTestRoot();
  const image = await busyboxImage(root);
  const archive = join(root.base, 'some.tar');
  await tspodOk(['save', '-o', archive, image], { root });
  const limited = (kibibytes: number, ...args: string[]) => {
    const script = `ulimit -f ${kibibytes} && exec "$@"`;
    const words = ['-c', script, 'bash', TSPOD, ...rootArguments(root), ...args];
    return runProgram('bash', words, { env: testEnvironment({ root }) });
  };
  for (const [kibibytes, args] of [
    [1, ['create', '--network', 'none', image, 'true']],
    [1, ['import', archive, 'localhost/cut']],
    [300, ['import', archive, 'localhost/cut']],
  ] as const) {
    const { code, stderr } = await limited(kibibytes, ...args);
    assert.equal(code, 125);
    assert.match(stderr, /^Error: (?!internal error).*(file too large|disk I\/O error)/);
  }
  assert.equal(await tspodOk(['ps', '-aq'], { root }), '');
  assert.equal((await tspod(['image', 'exists', 'localhost/cut'], { root })).code, 1);
  await tspodOk(['system', 'check'], { root });
  assert.equal(await tspodOk(['run', '--rm', '--network', 'none', image, 'echo', 'ran'], { root }), 'ran');
});

test('a run root that cannot be used is named, and costs no container', { skip }, async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const file = join(root.base, 'file');
  writeFileSync(file, '');
  const broken = { ...root, runRoot: join(file, 'run') };
  await assertFails(['run', '--rm', '--network', 'none', 'busybox', 'true'], broken, /--runroot/);
  assert.equal((await tspod(['ps', '-a'], { root: broken })).code, 0);
  assert.equal(await tspodOk(['ps', '-aq'], { root }), '');
});

test('a run root on another file system works', { skip }, async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  mkdirSync(root.runRoot, { recursive: true });
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', root.runRoot]).status, 0);
  assert.equal(
    await tspodOk(['run', '--rm', '--network', 'none', 'busybox', 'echo', 'here'], { root }),
    'here',
  );
  spawnSync('umount', ['-l', root.runRoot]);
});

test('when the run root is full, exit codes are known all the same, and what is refused names the file', {
  skip,
}, async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  mkdirSync(root.runRoot, { recursive: true });
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root.runRoot]).status, 0);
  try {
    const words = ['--network', 'none', '--name', 'c', 'busybox', 'sh', '-c'];
    await tspodOk(['run', '-d', ...words, 'trap "exit 7" TERM; while :; do sleep 0.1; done'], { root });
    fill({ ...root, graphRoot: root.runRoot });
    await assertFails(['exec', 'c', 'true'], root, /process\.json: no space left on device/);
    await tspodOk(['stop', '--time', '60', 'c'], { root });
    const format = '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}';
    assert.equal(await tspodOk(['inspect', '--format', format, 'c'], { root }), 'exited 7 ');
    await tspodOk(['rm', 'c'], { root });
    rmSync(join(root.runRoot, 'fill'));
    assert.equal(await tspodOk(['run', '--rm', ...words, 'echo again'], { root }), 'again');
  } finally {
    await tspod(['rm', '--all', '--force', '--time', '0'], { root });
    spawnSync('umount', [root.runRoot]);
  }
});

const DAMAGE: Record<string, { harm: (path: string) => void; says: RegExp }> = {
  garbage: { harm: (path) => writeFileSync(path, Buffer.alloc(8192, 'x')), says: /is damaged/ },
  emptied: { harm: (path) => truncateSync(path, 0), says: /is damaged: it is empty/ },
  truncated: { harm: (path) => truncateSync(path, 10_000), says: /is damaged/ },
  future: {
    harm: fromFuture,
    says: /schema version 999, this tspod knows up to \d+\nit was written by a newer tspod/,
  },
};

function fromFuture(path: string): void {
  const db = openDatabase(path);
  db.pragma('user_version = 999');
  db.close();
}

for (const [name, { harm, says }] of Object.entries(DAMAGE)) {
  test(`a state database that is ${name} is refused by name and left as it is`, async () => {
    const root = makeTestRoot();
    await busyboxImage(root);
    const path = join(root.graphRoot, 'state.db');
    openDatabase(path).close();
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
    harm(path);
    cpSync(path, join(root.base, 'before'));
    for (const args of [['ps', '-a'], ['images'], ['run', '--rm', '--network', 'none', 'busybox', 'true']]) {
      await assertFails(args, root, says);
    }
    assert.equal(spawnSync('cmp', [path, join(root.base, 'before')]).status, 0);
    assert.equal((await tspod(['version'], { root })).code, 0);
  });
}
