import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/state/db.ts';
import { findRemains } from '../fixtures/crash-survey.ts';
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
import { requires } from '../fixtures/requires.ts';

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

test('on a full disk nothing new begins, but containers stop and everything can be removed', {
  skip,
}, async () => {
  await onSmallDisk('8m', async (root) => {
    await busyboxImage(root);
    await tspodOk(['run', '-d', '--network', 'none', '--name', 'there', 'busybox', 'sleep', '1000'], {
      root,
    });
    fill(root);
    await assertFails(['create', '--network', 'none', 'busybox', 'true'], root, /no space left on device/);
    await assertFails(
      ['run', '--rm', '--network', 'none', 'busybox', 'true'],
      root,
      /no space left on device/,
    );
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
