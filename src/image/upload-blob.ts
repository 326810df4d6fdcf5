import type { Readable } from 'node:stream';
import { IntegrityError, NotFoundError, RegistryError } from '../base/errors.ts';
import { type Digest, sha256Of } from '../base/ids.ts';
import { type RegistryClient, type RegistryRequest, retrying } from './registry-client.ts';
import type { HttpAnswer } from './registry-http.ts';

/** An upload that the registry has opened: where its next request goes. */
export type Upload = URL;

export async function hasBlob(
  client: RegistryClient,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const what = `checking for blob ${digest} in ${placeOf(client)}`;
  const answer = await client.send({
    target: `blobs/${digest}`,
    method: 'HEAD',
    accept: [200, 404],
    what,
    signal,
  });
  discard(answer);
  return answer.status === 200;
}

/**
 * Asks the registry to take a blob over from another of its repositories (a path). True when it did; else it may have opened an
 * upload in its place, which is given up: its address lives as long as the registry likes.
 */
export async function mountBlob(
  client: RegistryClient,
  blob: { digest: Digest; from: string },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: blob.digest, from: blob.from });
  const what = `mounting blob ${blob.digest} from ${blob.from} in ${placeOf(client)}`;
  const answer = await client.send({
    target: `blobs/uploads/?${query}`,
    method: 'POST',
    body: '',
    // Some refuse what they do not know, or what the login may not read.
    accept: [201, 202, 400, 401, 403, 404, 405],
    what,
    signal,
  });
  discard(answer);
  if (answer.status === 202) await cancel(client, nextStep(client, answer, what));
  return answer.status === 201;
}

/** Uploads what `open` gives, from the start again after broken connections; `measure` tells what the bytes were. */
export async function uploadStream(
  client: RegistryClient,
  open: () => { stream: Readable; measure: () => { digest: Digest; size: number } },
  signal: AbortSignal | undefined,
): Promise<{ digest: Digest; size: number }> {
  return retrying(client.retry, signal, async () => {
    const upload = await startUpload(client, signal);
    const { stream, measure } = open();
    let failure: Error | undefined;
    stream.on('error', (error) => {
      failure = error;
    });
    try {
      const answer = await client.send({
        target: upload,
        method: 'PATCH',
        headers: { 'content-type': 'application/octet-stream' },
        body: stream,
        accept: [202, 201, 204],
        what: `uploading a layer to ${placeOf(client)}`,
        signal,
      });
      discard(answer);
      const blob = measure();
      await finishUpload(client, nextStep(client, answer, 'uploading a layer', upload), { ...blob, signal });
      return blob;
    } catch (error) {
      stream.destroy();
      await cancel(client, upload);
      // What broke the stream is the cause of what the connection says.
      throw failure !== undefined && !(error instanceof RegistryError && error.status !== undefined)
        ? failure
        : error;
    }
  });
}

/** A blob that is in memory. */
export async function uploadBytes(
  client: RegistryClient,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const digest = sha256Of(bytes);
  const upload = await startUpload(client, signal);
  await finishUpload(client, upload, { digest, bytes, signal });
  return digest;
}

/** By tag or digest. */
export async function putManifest(
  client: RegistryClient,
  reference: string,
  manifest: { text: string; mediaType: string; signal: AbortSignal | undefined },
): Promise<void> {
  const what = `writing manifest ${reference} to ${placeOf(client)}`;
  const answer = await client.send({
    target: `manifests/${reference}`,
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: manifest.text,
    accept: [200, 201, 202],
    what,
    signal: manifest.signal,
  });
  discard(answer);
  const stored = answer.headers['docker-content-digest'];
  const expected = sha256Of(manifest.text);
  if (typeof stored === 'string' && stored.startsWith('sha256:') && stored !== expected)
    throw new IntegrityError(`${what}: the registry stored ${stored} instead of ${expected}`);
}

async function startUpload(client: RegistryClient, signal: AbortSignal | undefined): Promise<Upload> {
  const what = `starting an upload to ${placeOf(client)}`;
  const request: RegistryRequest = {
    target: 'blobs/uploads/',
    method: 'POST',
    body: '',
    accept: [202],
    what,
    signal,
  };
  try {
    const answer = await client.send(request);
    discard(answer);
    return nextStep(client, answer, what);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError('image', placeOf(client), {
      message: error.message,
      hint: 'the registry does not let this repository be made, or it must be made there first',
    });
  }
}

async function finishUpload(
  client: RegistryClient,
  upload: Upload,
  blob: { digest: Digest; bytes?: Uint8Array; signal: AbortSignal | undefined },
): Promise<void> {
  const target = new URL(upload);
  target.searchParams.set('digest', blob.digest);
  const answer = await client.send({
    target,
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: blob.bytes ?? '',
    accept: [201, 204],
    what: `finishing the upload of blob ${blob.digest} to ${placeOf(client)}`,
    signal: blob.signal,
  });
  discard(answer);
}

/** So that the registry need not keep what nobody will finish; most would find out by themselves. */
async function cancel(client: RegistryClient, upload: Upload): Promise<void> {
  try {
    discard(
      await client.send({
        target: upload,
        method: 'DELETE',
        accept: [200, 202, 204, 400, 401, 403, 404, 405],
        what: 'giving an upload up',
        signal: AbortSignal.timeout(CANCEL_DEADLINE_MS),
      }),
    );
  } catch {
    // The failure that led here is the one to tell of.
  }
}

const CANCEL_DEADLINE_MS = 5000;

/** Registries keep the state of an upload in its address; it may be relative. */
function nextStep(client: RegistryClient, answer: HttpAnswer, what: string, before?: Upload): Upload {
  const location = answer.headers['location'];
  if (typeof location !== 'string') {
    if (before !== undefined) return before;
    throw new RegistryError(`${what}: ${client.endpoint.host} did not say where to send the data`);
  }
  const next = new URL(location, answer.url);
  if (next.protocol !== answer.url.protocol && next.protocol !== 'https:' && !client.endpoint.insecure)
    throw new RegistryError(
      `${what}: ${client.endpoint.host} wants the data at ${next.protocol}//${next.host}: refused`,
    );
  return next;
}

function placeOf(client: RegistryClient): string {
  return `${client.endpoint.host}/${client.endpoint.path}`;
}

function discard(answer: HttpAnswer): void {
  answer.body.on('error', () => {}).resume();
}
