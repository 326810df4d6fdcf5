import { spawn } from 'node:child_process';
import { createReadStream, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findProgram } from './machine.mjs';

const HOST = '127.0.0.1:5055';

/** A registry on the loopback of our own network namespace, its data on the tmpfs; started when first needed. */
export async function ensureRegistry(place) {
  if (place.registry === undefined) {
    const folder = join(place.directory, 'registry');
    mkdirSync(folder);
    const file = join(folder, 'config.yml');
    writeFileSync(
      file,
      `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: ${HOST} }\n`,
    );
    place.registry = spawn(findProgram('docker-registry'), ['serve', file], { stdio: 'ignore' });
    await waitUntilReady();
  }
  return HOST;
}

export async function endRegistry({ registry }) {
  if (registry === undefined || registry.exitCode !== null) return;
  const ended = new Promise((resolve) => registry.once('exit', resolve));
  registry.kill();
  await ended;
}

export const PUSH_TARGET = `docker://${HOST}/pushed`;

/** The registry goes on empty; what it had comes back with the function that is returned. */
export function setRegistryDataAside(place) {
  const data = join(place.directory, 'registry/data');
  renameSync(data, `${data}.aside`);
  return () => {
    emptyRegistry(place);
    renameSync(`${data}.aside`, data);
  };
}

export function emptyRegistry({ directory }) {
  rmSync(join(directory, 'registry/data'), { recursive: true, force: true });
}

async function waitUntilReady() {
  const end = performance.now() + 15_000;
  for (;;) {
    try {
      await fetch(`http://${HOST}/v2/`);
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error('the registry does not start', { cause: error });
      await pause(50);
    }
  }
}

/** Uploads blobs (files or buffers, each with its digest) and then the manifest. */
export async function pushImage(repository, tag, { blobs, manifest, manifestType }) {
  const base = `http://${HOST}/v2/${repository}`;
  for (const blob of blobs) {
    const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
    const target = new URL(started.headers.get('location'), base);
    target.searchParams.set('digest', blob.digest);
    const size = blob.file === undefined ? blob.data.length : statSync(blob.file).size;
    const body = blob.file === undefined ? blob.data : createReadStream(blob.file);
    await expectSuccess(
      await fetch(target, {
        method: 'PUT',
        body,
        duplex: 'half',
        headers: { 'content-length': String(size), 'content-type': 'application/octet-stream' },
      }),
    );
  }
  await expectSuccess(
    await fetch(`${base}/manifests/${tag}`, {
      method: 'PUT',
      body: manifest,
      headers: { 'content-type': manifestType },
    }),
  );
  return `${HOST}/${repository}:${tag}`;
}

async function expectSuccess(response) {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
}
