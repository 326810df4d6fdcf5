import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeTar } from '../setup/tar-writer.mjs';
import { pushImage } from './registry.mjs';

const MIB = 2 ** 20;
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** As an application on a base system: few large layers, some thousand files. */
export const FOUR_LAYERS = {
  repository: 'four-layers',
  layers: [
    [80, 3_000],
    [150, 4_000],
    [150, 1_500],
    [70, 500],
  ],
};
/** As an image with everything in it: 1.2 GB, about 26,000 entries. */
export const ONE_LAYER = { repository: 'one-layer', layers: [[1_200, 26_000]] };

/** Makes an image of layers [MiB, files] and pushes it; the same bytes every time. Returns its name. */
export async function makeImage({ repository, layers }, { directory }, scale = 1) {
  const folder = join(directory, `image-${repository}`);
  mkdirSync(folder, { recursive: true });
  const made = [];
  for (const [index, [size, files]] of layers.entries()) {
    made.push(
      await makeLayer(
        join(folder, `${index}.tar.gz`),
        index + 1,
        Math.ceil(size * scale) * MIB,
        Math.ceil(files * scale),
      ),
    );
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      created: '2026-01-01T00:00:00Z',
      config: { Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
    }),
  );
  const configDigest = digestOf(config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: config.length,
    },
    layers: made.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
    })),
  });
  const name = await pushImage(repository, 'bench', {
    blobs: [...made, { data: config, digest: configDigest }],
    manifest,
    manifestType: MANIFEST_TYPE,
  });
  return { name, firstLayer: made[0].file };
}

async function makeLayer(file, seed, bytes, files) {
  const gzip = spawn('gzip', ['-n', '-5'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [plain, packed] = [createHash('sha256'), createHash('sha256')];
  let size = 0;
  const source = new PassThrough();
  const written = pipeline(source, hashing(plain), gzip.stdin);
  const stored = pipeline(
    gzip.stdout,
    hashing(packed, (count) => (size += count)),
    createWriteStream(file),
  );
  for (const entry of entries(seed, bytes, files)) {
    const archive = writeTar([entry]);
    // All but the two blocks that end an archive.
    if (!source.write(archive.subarray(0, archive.length - 1024)))
      await new Promise((resolve) => source.once('drain', resolve));
  }
  source.end(Buffer.alloc(1024));
  await Promise.all([written, stored]);
  return { file, size, digest: `sha256:${packed.digest('hex')}`, diffId: `sha256:${plain.digest('hex')}` };
}

/** Files of mixed size in a tree of directories, with content that gzip shrinks to about a third, as programs and texts are. */
function* entries(seed, bytes, files) {
  const random = makeRandom(seed);
  const pool = Buffer.alloc(4 * MIB);
  for (let at = 0; at < pool.length; at++) pool[at] = at % 3 === 0 ? random() & 0xff : 0x61 + (random() & 7);
  const average = Math.floor(bytes / files);
  const root = `layer${seed}`;
  yield { path: `${root}/`, type: 'directory', mode: 0o755 };
  for (let index = 0; index < files; index++) {
    if (index % 50 === 0)
      yield { path: `${root}/d${Math.floor(index / 50)}/`, type: 'directory', mode: 0o755 };
    const size = index % 10 === 0 ? average * 7 : Math.floor(average / 3);
    const data = Buffer.allocUnsafe(size);
    for (let at = 0; at < size; ) {
      const start = random() % (pool.length - 4096);
      at += pool.copy(data, at, start, start + Math.min(4096, size - at));
    }
    yield { path: `${root}/d${Math.floor(index / 50)}/f${index}`, type: 'file', mode: 0o644, data };
  }
}

/** xorshift: the same images on every machine. */
function makeRandom(seed) {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

function hashing(hash, onBytes = () => {}) {
  return new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
}

function digestOf(data) {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}
