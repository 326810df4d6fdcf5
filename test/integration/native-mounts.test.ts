import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { syscalls } from '../../src/native/linux.ts';
import { MNT_DETACH, MS_BIND, MS_NODEV, MS_RDONLY } from '../../src/native/syscalls.ts';
import { requires } from '../fixtures/requires.ts';

describe('mounts and namespaces', { skip: requires('root') }, () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-mounts-'));
  const target = join(base, 'merged');
  const system = syscalls();

  // A file system of its own: overlay does not stack on every other one.
  before(() => {
    system.mount('tmpfs', base, 'tmpfs', 0, 'size=64m');
    for (const name of ['upper', 'work', 'merged']) mkdirSync(join(base, name));
  });
  after(() => {
    system.umount(base, MNT_DETACH);
    rmSync(base, { recursive: true });
  });

  function makeLayers(count: number, name: (index: number) => string): string[] {
    return Array.from({ length: count }, (_, index) => {
      const layer = name(index);
      mkdirSync(join(base, layer), { recursive: true });
      writeFileSync(join(base, layer, `file-${index}`), '');
      writeFileSync(join(base, layer, 'everywhere'), String(index));
      return layer;
    });
  }

  for (const count of [2, 100, 400]) {
    test(`an overlay of ${count} layers shows all of them, the first one on top`, () => {
      const lowerDirs = makeLayers(
        count,
        (index) => `set-${count}/layer-${String(index).padStart(24, '0')}/diff`,
      );
      const directory = process.cwd();
      system.mountOverlay({
        target,
        lowerDirs,
        base,
        upperDir: 'upper',
        workDir: 'work',
        options: [],
        flags: MS_NODEV,
      });
      try {
        assert.equal(readdirSync(target).length, count + 1);
        assert.equal(readFileSync(join(target, 'everywhere'), 'utf8'), '0');
        writeFileSync(join(target, 'written'), '');
        assert.ok(existsSync(join(base, 'upper/written')));
        assert.match(mountLine(target), /nodev/);
        assert.equal(process.cwd(), directory);
      } finally {
        system.umount(target, 0);
        rmSync(join(base, 'upper/written'));
      }
    });
  }

  test('names with separators of the option syntax are taken as they are', () => {
    const lowerDirs = makeLayers(2, (index) => `odd:na,me\\${index}`);
    system.mountOverlay({ target, lowerDirs, base, options: ['metacopy=off'], flags: MS_RDONLY });
    try {
      assert.deepEqual(readdirSync(target).sort(), ['everywhere', 'file-0', 'file-1']);
      assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
    } finally {
      system.umount(target, 0);
    }
  });

  test('a missing layer is ENOENT and leaves nothing mounted', () => {
    assert.throws(() => system.mountOverlay({ target, lowerDirs: ['missing'], base, options: [] }), {
      code: 'ENOENT',
      syscall: 'mount',
      dest: target,
    });
    assert.equal(mountLine(target), '');
  });

  test('removing a tree stops at a mount and leaves what is mounted whole', () => {
    mkdirSync(join(base, 'tree/inner'), { recursive: true });
    mkdirSync(join(base, 'precious'));
    writeFileSync(join(base, 'precious/kept'), '');
    system.mount(join(base, 'precious'), join(base, 'tree/inner'), '', MS_BIND, '');
    assert.throws(() => system.removeTreeAt(-100, join(base, 'tree')), {
      code: 'EXDEV',
      path: join(base, 'tree/inner'),
    });
    system.umount(join(base, 'tree/inner'), 0);
    assert.ok(existsSync(join(base, 'precious/kept')));
    system.removeTreeAt(-100, join(base, 'tree'));
  });

  test('a new network namespace has its loopback up, and this process stays where it is', () => {
    const path = join(base, 'netns');
    const before = readlinkSync('/proc/self/ns/net');
    system.createNetns(path);
    try {
      assert.equal(readlinkSync('/proc/self/ns/net'), before);
      const flags = execFileSync('nsenter', [`--net=${path}`, 'cat', '/proc/thread-self/net/dev'], {
        encoding: 'utf8',
      });
      assert.match(flags, /^\s*lo:/m);
      const route = execFileSync('nsenter', [`--net=${path}`, 'cat', '/proc/thread-self/net/fib_trie'], {
        encoding: 'utf8',
      });
      assert.match(route, /127\.0\.0\.1/);
      assert.throws(() => system.createNetns(path), { code: 'EEXIST', path });
    } finally {
      system.umount(path, MNT_DETACH);
    }
  });

  test('a failed namespace leaves no file behind', () => {
    const path = join(base, 'bound');
    assert.throws(() => system.bindNamespace(999_999_999, 'net', path), { code: 'ENOENT', syscall: 'mount' });
    assert.equal(existsSync(path), false);
  });

  test("binds another process's namespace, which then outlives it", async () => {
    const path = join(base, 'uts');
    const child = spawn('unshare', ['--uts', 'sh', '-c', 'hostname kept-name; echo ready; read line'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    system.bindNamespace(child.pid ?? -1, 'uts', path);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(execFileSync('nsenter', [`--uts=${path}`, 'hostname'], { encoding: 'utf8' }), 'kept-name\n');
    system.umount(path, MNT_DETACH);
  });
});

function mountLine(target: string): string {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return lines.find((line) => line.split(' ')[1] === target) ?? '';
}
