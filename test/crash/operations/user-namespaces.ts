import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE, type Operation, QUIET, SLEEP, START, startsAgain } from '../../fixtures/crash-operation.ts';
import { busyboxImage } from '../../fixtures/harness-busybox.ts';
import { makeTestRoot, rootArguments, type TestRoot, tspodOk } from '../../fixtures/harness.ts';
import { requires } from '../../fixtures/requires.ts';

let fuseRoot: TestRoot | undefined;

/** A second store, in which owners are shown by copies. */
function fuse(): { root: TestRoot } {
  fuseRoot ??= makeTestRoot();
  return { root: fuseRoot };
}

export const USER_NAMESPACES: readonly Operation[] = [
  {
    name: 'run in a user namespace of its own',
    // Copies of layers for a user namespace stay as long as the layers.
    prepare: () => tspodOk(['run', '--rm', '--network', 'none', '--uidmap', '0:1000:2000', IMAGE, 'true']),
    args: () => ['run', '-d', ...QUIET, '--uidmap', '0:1000:2000', ...SLEEP],
    points: ['userns-after-create', 'userns-after-expose', ...START],
    afterwards: startsAgain,
  },
  {
    name: 'run with layers copied for a user namespace',
    needs: requires('fuse') || (existsSync('/usr/bin/fuse-overlayfs') ? false : 'needs fuse-overlayfs'),
    before: async () => {
      await tspodOk(['--storage-driver', 'fuse-overlayfs', 'info'], fuse());
      await busyboxImage(fuse().root);
    },
    args: () => [
      ...rootArguments(fuse().root),
      'run',
      '--rm',
      ...QUIET,
      '--uidmap',
      '0:1000:2000',
      IMAGE,
      'true',
    ],
    points: ['shift-after-copy'],
    afterwards: async () => {
      await tspodOk(['system', 'check', '--repair'], fuse());
      assert.deepEqual(readdirSync(join(fuse().root.graphRoot, 'tmp')), []);
      const script = [
        'run',
        '--rm',
        '--network',
        'none',
        '--uidmap',
        '0:1000:2000',
        IMAGE,
        'stat',
        '-c',
        '%u',
        '/bin',
      ];
      assert.equal(await tspodOk(script, fuse()), '0');
    },
  },
];
