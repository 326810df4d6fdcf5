import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measurePair, runQuietly, timeCommand } from './measure.mjs';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Listing a store of thousands of images, as machines that build have; tspod alone: filling podman's takes an hour. */
export async function manyImagesCase({ engines, directory }, { rounds, quick }) {
  const { tspod } = engines;
  const count = quick ? 1_000 : 5_000;
  const layout = join(directory, 'many-images');
  const names = writeLayout(layout, count);
  runQuietly(tspod, ['load', '--quiet', '-i', layout]);
  rmSync(layout, { recursive: true });
  const times = await measurePair({
    pair: [tspod],
    rounds: rounds || (quick ? 3 : 10),
    once: () => timeCommand(tspod, ['images']),
  });
  // Only these: the cases after this one need theirs.
  runQuietly(tspod, ['rmi', ...names]);
  return [{ what: `\`images\`, ${count} images`, ...times, unit: 'ms', limit: 200 }];
}

/** An OCI layout of images that have a configuration and no layer. Returns their names. */
function writeLayout(directory, count) {
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (value) => {
    const text = JSON.stringify(value);
    const hex = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, hex), text);
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
  };
  const manifests = Array.from({ length: count }, (_, index) => {
    const config = put({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      created: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
      config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'], Labels: { number: String(index) } },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [],
    };
    const name = `registry.example.com/team/app-${index % 50}:${index}`;
    return {
      mediaType: MANIFEST_TYPE,
      ...put(manifest),
      annotations: { 'org.opencontainers.image.ref.name': name },
    };
  });
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name']);
}
