import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { processesOf } from '../fixtures/harness-leaks.ts';
import { makeTestRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const skip =
  requires('fuse') || (existsSync('/usr/bin/fuse-overlayfs') ? false : 'fuse-overlayfs is not installed');

describe('the fuse-overlayfs driver', { skip }, () => {
  const root = makeTestRoot();
  const options = { root };
  const helpers = () => processesOf(root).filter(({ command }) => command.startsWith('fuse-overlayfs'));
  const run = ['run', '--rm', '--network', 'none'];

  it('is chosen by --storage-driver, and remembered', async () => {
    await tspodOk(['--storage-driver', 'fuse-overlayfs', 'info'], options);
    await busyboxImage(root);
    assert.equal(
      await tspodOk(['info', '--format', '{{.Store.GraphDriverName}}'], options),
      'fuse-overlayfs',
    );
    assert.match(await tspodOk([...run, BUSYBOX, 'grep', ' / ', '/proc/mounts'], options), /fuse/);
    const other = await tspod(['--storage-driver', 'vfs', 'images'], options);
    assert.equal(other.code, 125);
    assert.match(other.stderr, /belongs to the fuse-overlayfs driver, not to vfs/);
  });

  it('shows the image, keeps changes over a restart, and leaves the image as it is', async () => {
    const script =
      'cat /kept 2>/dev/null; echo kept > /kept; rm -f /bin/wget; ls /bin/wget 2>/dev/null; true';
    await tspodOk(['create', '--name', 'c', '--network', 'none', BUSYBOX, 'sh', '-c', script], options);
    assert.equal(await tspodOk(['start', '-a', 'c'], options), '');
    assert.equal(await tspodOk(['start', '-a', 'c'], options), 'kept');
    await tspodOk(['rm', 'c'], options);
    assert.equal(
      await tspodOk([...run, BUSYBOX, 'ls', '/kept', '/bin/wget'], options).catch(() => 'none'),
      'none',
    );
  });

  it('gives files their owners in a user namespace of the container, once for all containers', async () => {
    const script = 'stat -c %u:%g / /bin /bin/busybox; touch /new && stat -c %u:%g /new';
    for (let i = 0; i < 2; i++)
      assert.equal(
        await tspodOk([...run, '--uidmap', '0:1000:2000', BUSYBOX, 'sh', '-c', script], options),
        '0:0\n0:0\n0:0\n0:0',
      );
  });

  it('has a process per mounted container, which ends with it', async () => {
    await tspodOk(['run', '-d', '--name', 'd', '--network', 'none', BUSYBOX, 'sleep', '1000'], options);
    assert.equal(helpers().length, 1);
    await tspodOk(['rm', '-f', '-t', '0', 'd'], options);
    await waitFor('the end of the process', () => helpers().length === 0);
  });

  it('starts another one when that was killed', async () => {
    await tspodOk(['run', '-d', '--name', 'e', '--network', 'none', BUSYBOX, 'sleep', '1000'], options);
    for (const { pid } of helpers()) process.kill(pid, 'SIGKILL');
    await waitFor('the end of the process', () => helpers().length === 0);
    await tspodOk(['stop', '-t', '0', 'e'], options);
    await tspodOk(['start', 'e'], options);
    assert.equal(await tspodOk(['exec', 'e', 'echo', 'works'], options), 'works');
    await tspodOk(['rm', '-f', '-t', '0', 'e'], options);
  });

  it('is what a mount program in the storage options means', async () => {
    const place = { root: makeTestRoot() };
    const option = ['--storage-opt', 'overlay.mount_program=/usr/bin/fuse-overlayfs'];
    assert.equal(
      await tspodOk([...option, 'info', '--format', '{{.Store.GraphDriverName}}'], place),
      'fuse-overlayfs',
    );
    const driver = JSON.parse(readFileSync(join(place.root.graphRoot, 'driver'), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.equal(driver['program'], '/usr/bin/fuse-overlayfs');
    const wrong = await tspod(['--storage-opt', 'overlay.colour=red', 'images'], { root: makeTestRoot() });
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /unknown storage option "overlay.colour=red"/);
  });
});

describe('the vfs driver', () => {
  it('gives files their owners in a user namespace of the container', async () => {
    const options = { root: makeTestRoot() };
    await tspodOk(['--storage-driver', 'vfs', 'info'], options);
    await busyboxImage(options.root);
    const script = 'stat -c %u:%g / /bin /bin/busybox; touch /new && stat -c %u:%g /new';
    assert.equal(
      await tspodOk(
        ['run', '--rm', '--network', 'none', '--uidmap', '0:1000:2000', BUSYBOX, 'sh', '-c', script],
        options,
      ),
      '0:0\n0:0\n0:0\n0:0',
    );
  });
});
