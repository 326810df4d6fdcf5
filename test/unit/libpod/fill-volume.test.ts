import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { StorageError } from '../../../src/base/errors.ts';
import { fillVolume } from '../../../src/libpod/fill-volume.ts';
import { syscalls } from '../../../src/native/linux.ts';

describe('a volume that is filled from an image', () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-fill-'));
  const image = join(base, 'image');
  const names = Array.from({ length: 50 }, (_, index) => `d${index}`);
  for (const name of names) {
    mkdirSync(join(image, name), { recursive: true });
    writeFileSync(join(image, name, 'file'), 'of the image');
  }
  after(() => rmSync(base, { recursive: true }));

  async function fill(mountpoint: string): Promise<void> {
    const directory = openSync(image, 'r');
    try {
      const volume = { name: 'data', mountpoint, options: {} };
      await fillVolume({ syscalls: syscalls() }, volume, { directory, destination: '/data' });
    } finally {
      closeSync(directory);
    }
  }

  it('has what the image has', async () => {
    const volume = join(base, 'quiet');
    mkdirSync(volume);
    await fill(volume);
    assert.deepEqual(readdirSync(volume).sort(), [...names].sort());
    assert.equal(readFileSync(join(volume, 'd7/file'), 'utf8'), 'of the image');
  });

  it('leads nowhere else when a container exchanges its directories for links meanwhile', async () => {
    const outside = join(base, 'outside');
    mkdirSync(outside);
    for (let round = 0; round < 8; round++) {
      const volume = join(base, `volume${round}`);
      mkdirSync(volume);
      const pairs = names.map((name) => [join(volume, name), join(volume, `link-${name}`)]);
      for (const [, link = ''] of pairs) symlinkSync(outside, link);
      const worker = new Worker(new URL('../../fixtures/exchange-worker.ts', import.meta.url), {
        workerData: { pairs },
      });
      try {
        await new Promise((resolve) => worker.once('online', resolve));
        await fill(volume);
      } catch (error) {
        assert.ok(error instanceof StorageError, String(error));
        assert.match(error.message, /cannot fill volume data from \/data/);
      } finally {
        await worker.terminate();
      }
      assert.deepEqual(readdirSync(outside), []);
    }
  });
});
