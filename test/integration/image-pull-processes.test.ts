import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hexOf } from '../../src/base/ids.ts';
import { syscalls } from '../../src/native/linux.ts';
import { openDatabase } from '../../src/state/db.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { type BadRegistry, startBadRegistry } from '../fixtures/bad-registry.ts';
import { buildImage } from '../fixtures/images.ts';
import { requires } from '../fixtures/requires.ts';

const CHILD = fileURLToPath(new URL('../fixtures/pull-child.ts', import.meta.url));
const image = buildImage({
  layers: [
    [{ name: 'a', content: 'a'.repeat(100_000) }],
    [{ name: 'b', content: 'b'.repeat(100_000) }],
    [{ name: 'c', content: 'c'.repeat(100_000) }],
  ],
});
const id = hexOf(image.config.digest);

describe('pulling in several processes', { skip: requires('root') }, () => {
  let directory: string;
  let registry: BadRegistry;
  before(async () => {
    registry = await startBadRegistry(image);
  });
  after(async () => {
    await registry?.stop();
  });
  const inDirectory = async (work: () => Promise<void>) => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-processes-'));
    registry.requests.length = 0;
    try {
      await work();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };

  function pull(crashAt?: string): { child: ChildProcess; ended: Promise<string> } {
    const child = spawn(process.execPath, [CHILD, directory, `${registry.host}/several:1`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HOME: directory, ...(crashAt === undefined ? {} : { TSPOD_CRASH_AT: crashAt }) },
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const ended = new Promise<string>((resolve) => {
      child.once('close', (code, signal) => resolve(signal ?? (code === 0 ? output.trim() : `exit ${code}`)));
    });
    return { child, ended };
  }
  const layerRequests = () =>
    image.layers.map((layer) => registry.requests.filter((one) => one.endsWith(layer.digest)).length);

  /** The image is whole: its rows, and the files of its layers. */
  function assertPulled(): void {
    const db = openDatabase(`${directory}/root/state.db`);
    try {
      const store = openStore({
        graphRoot: `${directory}/root`,
        runRoot: `${directory}/run`,
        db,
        syscalls: syscalls(),
      });
      const record = store.images.byName(`${registry.host}/several:1`);
      assert.equal(record?.id, id);
      const layers = store.layers.chain(record?.topLayerId ?? '').reverse();
      const files = layers.map((layer) =>
        readFileSync(
          join(directory, 'root/layers', layer.id, 'diff', 'abc'[layers.indexOf(layer)] ?? ''),
          'utf8',
        ),
      );
      assert.deepEqual(files, ['a'.repeat(100_000), 'b'.repeat(100_000), 'c'.repeat(100_000)]);
    } finally {
      db.close();
    }
  }

  it('fetches each layer once when two pull the same image', () =>
    inDirectory(async () => {
      const both = [pull(), pull()];
      assert.deepEqual(await Promise.all(both.map((one) => one.ended)), [id, id]);
      assert.deepEqual(layerRequests(), [1, 1, 1]);
      assertPulled();
      const left = readdirSync(join(directory, 'run/locks'));
      assert.deepEqual(left, []);
    }));

  for (const point of [
    'pull-after-manifest',
    'pull-after-layer',
    'pull-after-layer:2',
    'pull-before-image',
  ]) {
    it(`starts over after a kill at ${point} and uses the layers that were complete`, () =>
      inDirectory(async () => {
        assert.equal(await pull(point).ended, 'SIGKILL');
        registry.requests.length = 0;
        assert.equal(await pull().ended, id);
        assertPulled();
        const again = layerRequests().reduce((sum, one) => sum + one, 0);
        const complete = point.startsWith('pull-after-layer') ? Number(point.split(':')[1] ?? 1) : 0;
        const expected = point === 'pull-before-image' ? 0 : image.layers.length - complete;
        assert.ok(again <= expected, `${again} layers were fetched again, expected at most ${expected}`);
      }));
  }
});
