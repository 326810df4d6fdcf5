import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { syscalls } from '../../../src/native/linux.ts';
import {
  AT_FDCWD,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
} from '../../../src/native/syscalls.ts';

const DEPTH = 250;

describe('file system calls beneath a descriptor', () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-files-'));
  const dir = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
  const system = syscalls();
  after(() => {
    closeSync(dir);
    rmSync(base, { recursive: true });
  });

  test('a whole file is read as text, longer than one read too', () => {
    const path = join(base, 'text');
    for (const text of ['', 'plain', 'grün', `${'x'.repeat(100_000)}é`]) {
      writeFileSync(path, text);
      assert.equal(system.readText(path), text);
    }
    rmSync(path);
    assert.equal(system.readText(path), undefined);
    assert.equal(system.readText('/proc/self/cmdline')?.includes('node'), true);
    assert.throws(() => system.readText(base), { code: 'EISDIR', syscall: 'read' });
    assert.throws(() => system.readText(`${path}\0`), TypeError);
  });

  test('numbers are found in files by the words before them', () => {
    const file = (name: string, text: string): string => {
      const path = join(base, name);
      writeFileSync(path, text);
      return path;
    };
    const plain = file('plain', '9223372036854771712\n');
    const table = file('table', 'total_file 7\nfile 12\ninactive_file 4096\nlast 18446744073709551615');
    const v1 = file('v1', '8:0 Read 100\n8:0 Write 1\n8:16 Read 23\nTotal 124\n');
    const v2 = file('v2', '8:0 rbytes=5 wbytes=6\n8:16 rbytes=50 wbytes=60\n');
    const odd = ['max\n', '', '12 13\n', '-1', '1\0'].map((text, i) => file(`odd${i}`, text));
    const read = (pairs: [string, string][]): unknown =>
      system.readNumbers(
        pairs.map(([path]) => path),
        pairs.map(([, key]) => key),
      );
    assert.deepEqual(
      read([
        [plain, ''],
        [table, 'file '],
        [table, 'inactive_file '],
        [table, 'last '],
        [table, 'none '],
        [table, ''],
        [v1, 'Read '],
        [v1, 'Write '],
        [v1, 'Total '],
        [v2, 'rbytes='],
        [v2, 'bytes='],
        [join(base, 'absent'), ''],
        [base, ''],
        [v2, 'wbytes='],
      ]),
      [
        Number('9223372036854771712'),
        12,
        4096,
        Number('18446744073709551615'),
        undefined,
        undefined,
        123,
        1,
        124,
        55,
        undefined,
        undefined,
        undefined,
        66,
      ],
    );
    assert.deepEqual(
      read(odd.map((path) => [path, ''])),
      odd.map((_, i) => (i === 4 ? 1 : undefined)),
    );
    // As long as what is read at once.
    assert.deepEqual(read([[file('long', `${'x '.repeat(8190)}key 77`), 'key ']]), [77]);
    assert.deepEqual(read([]), []);
    assert.throws(() => system.readNumbers(['a'], []), TypeError);
    assert.throws(() => system.readNumbers(['a\0'], ['']), TypeError);
    assert.throws(() => system.readNumbers([1] as unknown as string[], ['']), TypeError);
    for (const path of [plain, table, v1, v2, ...odd, join(base, 'long')]) rmSync(path);
  });

  test('errors look like those of node', () => {
    assert.throws(() => system.mkdirat(dir, 'no/such', 0o755), {
      name: 'Error',
      code: 'ENOENT',
      errno: -2,
      syscall: 'mkdirat',
      path: 'no/such',
      message: "ENOENT: no such file or directory, mkdirat 'no/such'",
    });
    assert.throws(() => system.renameat2(dir, 'a', dir, 'b', 0), { code: 'ENOENT', path: 'a', dest: 'b' });
  });

  test('wrong arguments are type errors, never a crash', () => {
    const untyped = system as unknown as Record<string, (...args: unknown[]) => unknown>;
    assert.throws(() => untyped['mkdirat']?.('x', 'y', 1), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => untyped['mkdirat']?.(dir), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => untyped['mountOverlay']?.(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => system.mkdirat(dir, 'a\0b', 0o755), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => system.mkdirat(dir, 'x'.repeat(5000), 0o755), { code: 'ENAMETOOLONG' });
  });

  test('a thread that fails before its starter goes on is not taken for success', () => {
    const missing = join(base, 'missing');
    const overlay = { target: missing, lowerDirs: ['a'], base: missing, options: [], flags: 0 };
    for (let round = 0; round < 2_000; round++)
      assert.throws(() => system.mountOverlay(overlay), { code: 'ENOENT' });
  });

  test('a link cannot lead openat2 out of its root', () => {
    symlinkSync('/etc/passwd', join(base, 'absolute'));
    symlinkSync('../../../../etc/passwd', join(base, 'climbing'));
    for (const name of ['absolute', 'climbing']) {
      assert.throws(() => system.openat2(dir, name, constants.O_RDONLY, 0, RESOLVE_BENEATH), {
        code: 'EXDEV',
      });
      assert.throws(() => system.openat2(dir, name, constants.O_RDONLY, 0, RESOLVE_IN_ROOT), {
        code: 'ENOENT',
      });
    }
  });

  test('openat2 creates with the wanted mode, and its descriptor is close-on-exec', () => {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const fd = system.openat2(dir, 'created', flags, 0o600, RESOLVE_IN_ROOT);
    assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /^flags:\t02\d{6}$/m);
    closeSync(fd);
    assert.equal(statSync(join(base, 'created')).mode & 0o7777, 0o600);
  });

  test('names need not be UTF-8', () => {
    const name = Buffer.from([0xff, 0x61]);
    system.mkdirat(dir, name, 0o700);
    assert.ok(readdirSync(base, { encoding: 'buffer' }).some((entry) => entry.equals(name)));
    system.symlinkat(Buffer.from([0xfe]), dir, 'odd');
    assert.deepEqual(system.readlinkat(dir, 'odd'), Buffer.from([0xfe]));
  });

  test('lstatat tells exact numbers, and undefined for what is missing', () => {
    writeFileSync(join(base, 'stat'), 'abc');
    linkSync(join(base, 'stat'), join(base, 'stat2'));
    system.utimensat(
      dir,
      'stat',
      { atimeSec: 1, atimeNsec: 2, mtimeSec: 1_600_000_000, mtimeNsec: 123_456_789 },
      0,
    );
    const found = system.lstatat(dir, 'stat');
    const expected = lstatSync(join(base, 'stat'), { bigint: true });
    assert.equal(found?.ino, expected.ino);
    assert.equal(found?.dev, expected.dev);
    assert.deepEqual(
      [found?.mode, found?.nlink, found?.size, found?.mtimeSec, found?.mtimeNsec],
      [Number(expected.mode), 2, 3, 1_600_000_000, 123_456_789],
    );
    assert.equal(system.lstatat(dir, 'missing'), undefined);
    const device = system.lstatat(AT_FDCWD, '/dev/null');
    assert.deepEqual([device?.rdevMajor, device?.rdevMinor], [1, 3]);
  });

  test('fchmodat refuses a link instead of changing what it points to', () => {
    writeFileSync(join(base, 'pointed'), '', { mode: 0o600 });
    symlinkSync('pointed', join(base, 'pointer'));
    assert.throws(() => system.fchmodat(dir, 'pointer', 0o777), { code: /EOPNOTSUPP|ENOTSUP/ });
    assert.equal(statSync(join(base, 'pointed')).mode & 0o7777, 0o600);
    system.fchmodat(dir, 'pointed', 0o4711);
    assert.equal(statSync(join(base, 'pointed')).mode & 0o7777, 0o4711);
  });

  test('renameat2 replaces nothing or exchanges, as told', () => {
    for (const name of ['one', 'two']) writeFileSync(join(base, name), name);
    assert.throws(() => system.renameat2(dir, 'one', dir, 'two', RENAME_NOREPLACE), { code: 'EEXIST' });
    system.renameat2(dir, 'one', dir, 'two', RENAME_EXCHANGE);
    assert.equal(readFileSync(join(base, 'one'), 'utf8'), 'two');
  });

  test('extended attributes: set, read, list, remove, and absent ones', () => {
    const path = join(base, 'attributes');
    writeFileSync(path, '');
    system.lsetxattr(path, 'user.one', Buffer.from([0, 1, 255]));
    assert.deepEqual(system.lgetxattr(path, 'user.one'), Buffer.from([0, 1, 255]));
    assert.ok(system.llistxattr(path).includes('user.one'));
    system.lremovexattr(path, 'user.one');
    assert.equal(system.lgetxattr(path, 'user.one'), undefined);
  });

  test('removes a tree of any depth without following links', async () => {
    const outside = join(base, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), '');
    for (const remove of [
      async () => system.removeTreeAt(dir, 'tree'),
      () => system.removeTree(join(base, 'tree')),
    ]) {
      makeDeepTree(outside);
      await remove();
      assert.equal(existsSync(join(base, 'tree')), false);
      assert.deepEqual(readdirSync(outside), ['kept']);
    }
  });

  test('removing what is missing is fine; a link or file is removed itself', () => {
    system.removeTreeAt(dir, 'never/there');
    symlinkSync(base, join(base, 'to-base'));
    system.removeTreeAt(dir, 'to-base');
    assert.equal(existsSync(join(base, 'to-base')), false);
    assert.throws(() => system.removeTreeAt(dir, '..'), { code: 'EINVAL' });
  });

  test('removes directories that their owner may not read or write', () => {
    mkdirSync(join(base, 'locked/inner'), { recursive: true });
    writeFileSync(join(base, 'locked/inner/file'), '');
    chmodSync(join(base, 'locked/inner'), 0o500);
    chmodSync(join(base, 'locked'), 0);
    system.removeTreeAt(dir, 'locked');
    assert.equal(existsSync(join(base, 'locked')), false);
  });

  function makeDeepTree(linkTarget: string): void {
    let parent = openSync(base, constants.O_RDONLY | constants.O_DIRECTORY);
    for (let depth = 0; depth < DEPTH; depth++) {
      const name = depth === 0 ? 'tree' : 'a-directory-with-a-long-name';
      system.mkdirat(parent, name, 0o700);
      const next = system.openat2(
        parent,
        name,
        constants.O_RDONLY | constants.O_DIRECTORY,
        0,
        RESOLVE_BENEATH,
      );
      closeSync(parent);
      parent = next;
      system.symlinkat(linkTarget, parent, 'link');
    }
    closeSync(parent);
  }
});
