import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

/** A root file system in a directory of the caller's. */
function rootDirectory(): string {
  const root = mkdtempSync(join(testRoot().base, 'rootfs-'));
  execFileSync('tar', ['-xf', busyboxArchive(), '-C', root, '--no-same-owner']);
  return root;
}

const run = (flags: readonly string[], root: string, script: string) =>
  tspod(['run', '--network', 'none', ...flags, '--rootfs', root, 'sh', '-c', script]);

describe('a directory as the root (--rootfs)', () => {
  it('is the root itself: what the container writes is there', async () => {
    const root = rootDirectory();
    const name = freshName();
    const result = await run(['--name', name], root, 'echo inside > /written; cat /written');
    assert.deepEqual([result.code, result.stdout], [0, 'inside\n'], result.stderr);
    assert.equal(readFileSync(join(root, 'written'), 'utf8'), 'inside\n');
    assert.equal(await tspodOk(['inspect', '--format', '{{.Rootfs}}', name]), root);
    const commit = await tspod(['commit', name]);
    assert.equal(commit.code, 125);
    assert.match(commit.stderr, /its root is the directory/);
    assert.match((await tspod(['diff', name])).stderr, /is not known/);
    await tspodOk(['rm', name]);
    assert.ok(existsSync(join(root, 'bin')));
  });

  it('stays as it is with O: changes last as long as the container', async () => {
    const root = rootDirectory();
    const name = freshName();
    const result = await run(['--name', name], `${root}:O`, 'cat /kept; echo changed > /kept');
    assert.match(result.stderr, /kept'?: No such file/);
    assert.equal((await tspod(['start', '--attach', name])).stdout, 'changed\n');
    assert.equal(existsSync(join(root, 'kept')), false);
    assert.match(await tspodOk(['diff', name]), /^A \/kept$/m);
    const copy = join(testRoot().base, 'kept-copy');
    await tspodOk(['cp', `${name}:/kept`, copy]);
    assert.equal(readFileSync(copy, 'utf8'), 'changed\n');
    await tspodOk(['rm', name]);
  });

  it('shows and takes files with the ids of the container with idmap', {
    skip: requires('root'),
  }, async () => {
    const root = rootDirectory();
    const userns = ['--rm', '--uidmap', '0:100000:1000'];
    const result = await run(userns, `${root}:idmap`, 'stat -c %u /bin; echo > /tmp/file');
    if (/with other owners|cannot mount/.test(result.stderr)) return;
    assert.equal(result.stdout, '0\n', result.stderr);
    assert.equal(statSync(join(root, 'tmp/file')).uid, 0);
    assert.equal((await run(userns, `${root}:O:idmap`, 'stat -c %u /bin')).stdout, '0\n');
  });

  it('must be a directory, and needs a command', async () => {
    const file = join(testRoot().base, 'no-directory');
    writeFileSync(file, '');
    for (const path of [file, '/does/not/exist']) {
      const result = await run([], path, 'true');
      assert.equal(result.code, 125);
      assert.match(result.stderr, new RegExp(`no directory ${path}`));
    }
    const result = await tspod(['create', '--rootfs', isRoot() ? '/' : testRoot().base]);
    assert.match(result.stderr, /no command or entrypoint/);
  });
});
