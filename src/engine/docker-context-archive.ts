import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { tarSink } from '../image/archive-sink.ts';
import { openArchive } from '../image/open-archive.ts';
import { type DockerContext, metadataText, parseMetadata, storeContext } from './docker-contexts.ts';

const LARGEST_FILE = 10 * 1024 * 1024;
const TLS_FILES = ['ca.pem', 'cert.pem', 'key.pem'];

/** As `docker context import` takes it. An existing file is not replaced. */
export async function exportContext(context: DockerContext, output: string | Writable): Promise<void> {
  const stream =
    typeof output === 'string' ? createWriteStream(output, { flags: 'wx', mode: 0o600 }) : output;
  const sink = tarSink(stream, tmpdir());
  await sink.put('meta.json', metadataText(context));
  for (const [name, content] of Object.entries(context.tls)) await sink.put(`tls/docker/${name}`, content);
  await sink.end();
}

export async function importContext(name: string, input: string | Readable): Promise<void> {
  const files = await openArchive({ input, temporary: tmpdir(), signal: undefined });
  try {
    const text = (await files.read('meta.json', LARGEST_FILE)).toString('utf8');
    const tls: Record<string, string> = {};
    for (const key of TLS_FILES) {
      const file = `tls/docker/${key}`;
      if (files.has(file)) tls[key] = (await files.read(file, LARGEST_FILE)).toString('utf8');
    }
    storeContext({ ...parseMetadata(text, 'the archive', tls), name }, { replace: false });
  } finally {
    files.close();
  }
}
