import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BadRegistry, type Faults, startBadRegistry } from '../../fixtures/bad-registry.ts';
import { IMAGE, type Operation, running } from '../../fixtures/crash-operation.ts';
import { busyboxArchive } from '../../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../../fixtures/harness.ts';
import { buildImage } from '../../fixtures/images.ts';
import { requires } from '../../fixtures/requires.ts';
import { startRegistry, type TestRegistry } from '../../fixtures/registry.ts';

const LAYER = ['layer-after-row', 'layer-half-unpacked', 'layer-before-sync', 'layer-before-complete'];
const PULL = ['pull-after-manifest', 'pull-after-layer', 'pull-after-layer:2', 'pull-before-image'];

const TINY = 'localhost/tiny:1';
const archive = () => join(testRoot().base, 'tiny.tar');
const load = () => ['load', '-q', '-i', archive()];
const commit = () => ['commit', '-q', 'victim', 'localhost/committed'];

let source: BadRegistry | undefined;
const faults: Faults = {};
const pull = () => ['pull', '-q', '--tls-verify=false', pulled()];
const pulled = () => `${source?.host}/some/image:1`;

let target: TestRegistry | undefined;
const push = () => ['push', '-q', '--tls-verify=false', IMAGE, `${target?.host}/pushed:1`];

export const IMAGES: readonly Operation[] = [
  {
    name: 'image mount',
    args: () => ['image', 'mount', IMAGE],
    points: ['image-mount-before-count'],
    afterwards: async () => {
      await tspodOk(['image', 'mount', IMAGE]);
      await tspodOk(['image', 'unmount', '--force', IMAGE]);
      assert.equal(await tspodOk(['image', 'mount']), '');
    },
  },
  {
    name: 'image unmount',
    prepare: async () => void (await tspodOk(['image', 'mount', IMAGE])),
    args: () => ['image', 'unmount', '--force', IMAGE],
    points: ['image-unmount-before-remove'],
    afterwards: async () => {
      assert.equal(await tspodOk(['image', 'mount']), '');
      await tspodOk(['image', 'mount', IMAGE]);
      await tspodOk(['image', 'unmount', IMAGE]);
    },
  },
  {
    name: 'volume create --driver image',
    args: () => ['volume', 'create', '--driver', 'image', '--opt', `image=${IMAGE}`, 'files'],
    points: ['image-volume-before-fill', 'image-volume-before-copy'],
    afterwards: async () => {
      const use = ['run', '--rm', '--network', 'none', '-v', 'files:/f', IMAGE, 'ls', '/f/bin/busybox'];
      assert.match(
        (await tspod(use)).stderr,
        /has not got all files of image .*tspod volume create --ignore/s,
      );
      writeFileSync(
        join(await tspodOk(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'files']), 'half'),
        'written',
      );
      await tspodOk([
        'volume',
        'create',
        '--ignore',
        '--driver',
        'image',
        '--opt',
        `image=${IMAGE}`,
        'files',
      ]);
      assert.equal(await tspodOk(use), '/f/bin/busybox');
      assert.equal((await tspod([...use.slice(0, -1), '/f/half'])).code, 1);
      await tspodOk(['volume', 'rm', 'files']);
    },
  },
  {
    name: 'diff of two',
    args: () => ['diff', IMAGE, IMAGE],
    points: ['layers-view-before-detach'],
    afterwards: async () => {
      assert.equal(await tspodOk(['diff', IMAGE, IMAGE]), '');
      assert.equal(await tspodOk(['image', 'mount']), '');
    },
  },
  {
    name: 'import',
    args: () => ['import', busyboxArchive(), 'localhost/imported:1'],
    // The host's busybox is there already as a layer: the archive's own digest must be another.
    points: ['image-before-add'],
    afterwards: async () => {
      await tspodOk(['import', busyboxArchive(), 'localhost/imported:1']);
      await tspodOk(['rmi', 'localhost/imported:1']);
    },
  },
  {
    name: 'pull',
    prepare: async () => {
      source = await startBadRegistry(
        buildImage({
          layers: [
            [{ name: 'a/' }, { name: 'a/b', content: 'one' }, { name: 'c', content: 'two' }],
            [
              { name: 'd', content: 'x' },
              { name: 'e', content: 'y' },
            ],
          ],
        }),
      );
    },
    cleanup: async () => await source?.stop(),
    args: () => ['pull', '-q', '--tls-verify=false', pulled()],
    points: [...PULL, ...LAYER, 'layer-after-row:2', 'layer-before-complete:2', 'image-before-add'],
    afterwards: async () => {
      await tspodOk(['pull', '-q', '--tls-verify=false', pulled()]);
      await tspodOk(['rmi', pulled()]);
    },
  },
  {
    name: 'pull of what another has begun',
    prepare: async () => {
      const large = Buffer.alloc(24 << 20, 'some content\n').toString();
      const entries = [
        { name: 'a', content: 'one' },
        { name: 'large', content: large },
        { name: 'a', content: 'two' },
      ];
      source = await startBadRegistry(buildImage({ layers: [entries], compression: 'none' }), faults);
    },
    before: async () => {
      Object.assign(faults, { cutBlobs: 1, cutAt: 0.8 });
      assert.equal((await tspod([...pull(), '--retry', '0'])).code, 125);
    },
    cleanup: async () => await source?.stop(),
    args: () => pull(),
    points: [
      ...[
        'checkpoint-before-hole',
        'checkpoint-after-hole',
        'checkpoint-after-left',
        'checkpoint-replayed:2',
      ],
      ...['checkpoint-before-hole:4', 'checkpoint-taken', 'checkpoint-taken:2', 'partial-before-remove'],
      ...['layer-before-complete', 'pull-after-layer'],
    ],
    afterwards: async () => {
      await tspodOk(pull());
      await tspodOk(['rmi', pulled()]);
    },
  },
  {
    name: 'load',
    prepare: makeArchive,
    args: load,
    points: [...LAYER, 'image-before-add'],
    afterwards: async () => {
      await tspodOk(load());
      await tspodOk(['rmi', TINY]);
    },
  },
  {
    name: 'rmi',
    prepare: makeArchive,
    before: () => tspodOk(load()),
    args: () => ['rmi', TINY],
    points: ['trash-before-empty'],
    afterwards: async () => {
      await tspodOk(load());
      await tspodOk(['rmi', TINY]);
    },
  },
  {
    name: 'push',
    needs: requires('docker-registry'),
    prepare: async () => {
      target = await startRegistry();
    },
    cleanup: async () => await target?.stop(),
    args: push,
    points: ['push-after-layer', 'push-before-manifest'],
    afterwards: async () => {
      await tspodOk(push());
      await tspodOk(['pull', '-q', '--tls-verify=false', `${target?.host}/pushed:1`]);
      await tspodOk(['untag', IMAGE, `${target?.host}/pushed:1`]);
    },
  },
  {
    name: 'commit of a running container',
    before: async () => {
      await running();
      await tspodOk(['exec', 'victim', 'sh', '-c', 'echo new > /new']);
    },
    args: commit,
    points: ['commit-after-row', 'commit-before-complete', 'image-before-add'],
    afterwards: async () => {
      assert.equal(await tspodOk(['exec', 'victim', 'cat', '/new']), 'new');
      await tspodOk(commit());
      await tspodOk(['rm', '-f', '-v', '--time', '0', 'victim']);
      const script = ['run', '--rm', '--network', 'none', 'localhost/committed', 'cat', '/new'];
      assert.equal(await tspodOk(script), 'new');
      await tspodOk(['rmi', 'localhost/committed']);
    },
  },
  {
    name: 'commit --pause --squash',
    needs: requires('root'),
    before: running,
    args: () => [...commit(), '--pause', '--squash'],
    points: ['layer-before-complete', 'image-before-add'],
    afterwards: async () => {
      await tspod(['unpause', 'victim']);
      assert.equal(await tspodOk(['exec', 'victim', 'echo', 'inside']), 'inside');
      await tspodOk([...commit(), '--pause', '--squash']);
      await tspodOk(['rmi', 'localhost/committed']);
    },
  },
];

/** A small image in an archive, of which the store has nothing. */
async function makeArchive(): Promise<void> {
  const files = mkdtempSync(join(testRoot().base, 'tiny-'));
  for (const name of ['a', 'b', 'c']) writeFileSync(join(files, name), name);
  const { status } = spawnSync('tar', ['-C', files, '-cf', join(files, '../tiny-files.tar'), '.']);
  assert.equal(status, 0);
  await tspodOk(['import', join(testRoot().base, 'tiny-files.tar'), TINY]);
  await tspodOk(['save', '-q', '-o', `${files}/image.tar`, TINY]);
  renameSync(`${files}/image.tar`, archive());
  await tspodOk(['rmi', TINY]);
}
