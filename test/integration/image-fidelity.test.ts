import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { sha256Of } from '../../src/base/ids.ts';
import { runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';
import { listTree } from '../fixtures/layers/list-tree.ts';
import { makeOddChanges, makeOddTree, tarOf } from '../fixtures/odd-tree.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const NAME = 'localhost/odd:1';
/** The drivers keep their own notes in these. */
const ignoreXattrs = /^(trusted|user)\.(overlay|fuseoverlayfs|containers)\./;
const at = (name: string): string => join(testRoot().base, name);

/** podman gives the root directory of what it mounts a mode and time of its own. */
const belowTheRoot = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith('. '));

describe('all that a layer can hold', { skip: requires('root') }, () => {
  before(() => {
    const layers = ['tree', 'changes'];
    for (const name of layers) mkdirSync(at(name));
    makeOddTree(at('tree'));
    makeOddChanges(at('changes'));
    mkdirSync(at('archive'));
    const tars = layers.map((name) => tarOf(at(name)));
    for (const [i, tar] of tars.entries()) writeFileSync(at(`archive/${i}.tar`), tar);
    const config = {
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => sha256Of(tar)) },
      history: [],
    };
    writeFileSync(at('archive/config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [NAME], Layers: ['0.tar', '1.tar'] }];
    writeFileSync(at('archive/manifest.json'), JSON.stringify(manifest));
    spawnSync('tar', ['-C', at('archive'), '-cf', at('odd.tar'), '.']);
  });

  const seenByTspod = async (): Promise<string[]> => {
    const path = await tspodOk(['image', 'mount', NAME]);
    const seen = listTree(path, { ignoreXattrs });
    await tspodOk(['image', 'unmount', NAME]);
    return seen;
  };

  test('is what the tars say', async () => {
    await tspodOk(['load', '-q', '-i', at('odd.tar')]);
    const seen = await seenByTspod();
    const names = seen.map((line) => line.split(' ')[0]);
    for (const gone of ['./gone', './gone-file', './opaque/old']) assert.ok(!names.includes(gone), gone);
    for (const there of ['./opaque/new', './deep/added', './kept', './not-ÿþ-utf8'])
      assert.ok(names.includes(there), there);
    // Files of the first layer that the second says nothing about are as they were made.
    const isUntouched = (line: string) => !/^\.(\/(gone|opaque|deep)\S*)? (dir|file)/.test(line);
    const made = listTree(at('tree')).filter((line) => isUntouched(line) && !line.startsWith('./gone'));
    assert.deepEqual(seen.filter(isUntouched), made);
  });

  test('is the same to podman', { skip: requires('podman') }, async (context) => {
    const place = ['--root', at('podman'), '--runroot', at('podman-run'), '--storage-driver', 'overlay'];
    const podman = (...args: string[]) => runProgram(programPath('podman'), [...place, ...args]);
    try {
      const loaded = await podman('load', '-q', '-i', at('odd.tar'));
      if (loaded.code !== 0) return context.skip(`podman cannot load it: ${loaded.stderr}`);
      const mounted = await podman('image', 'mount', NAME);
      assert.equal(mounted.code, 0, mounted.stderr);
      const seen = belowTheRoot(listTree(mounted.stdout.trim(), { ignoreXattrs }));
      assert.deepEqual(belowTheRoot(await seenByTspod()), seen);
      // And the other way round: what tspod saves, podman unpacks to the same.
      await podman('image', 'unmount', '--force', NAME);
      await podman('rmi', NAME);
      await tspodOk(['save', '-q', '--format', 'oci-archive', '-o', at('saved.tar'), NAME]);
      const again = await podman('load', '-q', '-i', at('saved.tar'));
      assert.equal(again.code, 0, again.stderr);
      const path = (await podman('image', 'mount', NAME)).stdout.trim();
      assert.deepEqual(belowTheRoot(listTree(path, { ignoreXattrs })), seen);
      await podman('image', 'unmount', NAME);
    } finally {
      await podman('image', 'unmount', '--all', '--force');
      spawnSync('umount', [at('podman/overlay')]);
    }
  });

  test('is the same to umoci', { skip: requires('umoci') }, async () => {
    await tspodOk(['push', '-q', NAME, `oci:${at('layout')}:odd`]);
    const unpacked = await runProgram(programPath('umoci'), [
      ...['raw', 'unpack', '--image', `${at('layout')}:odd`, at('by-umoci')],
    ]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    assert.deepEqual(await seenByTspod(), listTree(at('by-umoci'), { ignoreXattrs }));
  });
});
