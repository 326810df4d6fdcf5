import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { IntegrityError, RegistryError } from '../base/errors.ts';
import type { Descriptor } from '../oci/image-spec.ts';
import type { PartialBlob } from '../storage/partial-blobs.ts';
import { readBounded } from './bounded-body.ts';
import { digestOf } from './digest.ts';
import type { RegistryClient } from './registry-client.ts';
import { explainNetworkError, type HttpAnswer, isTransient } from './registry-http.ts';

/** Pieces are at most 64 KiB; this many bytes wait for a consumer that is slower than the network. */
const READ_AHEAD = 512 * 1024;

/**
 * The bytes of a blob as they arrive, exactly as many as the descriptor declares: more is an IntegrityError, fewer is a
 * broken connection. A broken one is taken up where it stopped (Range), and so is an earlier command's by what `partial` has.
 * The consumer checks the digest.
 */
export function streamBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
  partial?: PartialBlob,
): Readable {
  return Readable.from(pieces(client, descriptor, signal, partial), {
    objectMode: false,
    highWaterMark: READ_AHEAD,
  });
}

/** A small blob in memory, size and digest checked. */
export async function fetchBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  options: { limit: number; what: string; signal: AbortSignal | undefined },
): Promise<Buffer> {
  const { limit, what, signal } = options;
  if (descriptor.size > limit)
    throw new IntegrityError(`${what} is larger than the limit of ${limit} bytes: ${descriptor.size}`);
  const bytes = await readBounded(streamBlob(client, descriptor, signal), limit, what);
  const actual = digestOf(descriptor.digest, bytes);
  if (actual !== descriptor.digest) {
    throw new IntegrityError(`${what}: its digest is ${actual}, expected ${descriptor.digest}`);
  }
  return bytes;
}

async function* pieces(
  client: RegistryClient,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
  partial: PartialBlob | undefined,
): AsyncGenerator<Buffer> {
  const { size, digest } = descriptor;
  const { host, path } = client.endpoint;
  const what = `reading blob ${digest} in ${host}/${path}`;
  let taken = partial?.start ?? 0;
  for (const chunk of partial?.read() ?? []) {
    taken += chunk.length;
    yield Buffer.from(chunk);
  }
  if (taken > 0 && taken === size) return;
  for (let failures = 0; ; ) {
    const before = taken;
    try {
      const answer = await ask(client, descriptor, { from: taken, what, signal });
      let skip = answer.status === 206 ? 0 : taken;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        taken += fresh.length;
        if (taken > size) throw tooLong(what, size);
        partial?.append(fresh);
        yield fresh;
      }
      if (taken === size) return;
      throw new RegistryError(`${what}: only ${taken} of ${size} bytes came`, {
        cause: Object.assign(new Error('short body'), { code: 'UND_ERR_SOCKET' }),
      });
    } catch (error) {
      const reason = explainNetworkError(error, host, client.timeouts);
      failures = taken > before ? 1 : failures + 1;
      if (!isTransient(reason) || failures >= client.retry.attempts) throw reason;
      const wait = client.retry.delayMs * 2 ** (failures - 1);
      await delay(wait, undefined, signal === undefined ? {} : { signal });
    }
  }
}

interface Wish {
  from: number;
  what: string;
  signal: AbortSignal | undefined;
}

/** Foreign layers (with URLs of their own) are often missing in the registry. */
async function ask(client: RegistryClient, descriptor: Descriptor, wish: Wish): Promise<HttpAnswer> {
  const range: Record<string, string> = wish.from > 0 ? { range: `bytes=${wish.from}-` } : {};
  const targets: (string | URL)[] = [
    `blobs/${descriptor.digest}`,
    ...(descriptor.urls ?? []).filter((url) => /^https?:\/\//.test(url)).map((url) => new URL(url)),
  ];
  let failure: unknown;
  for (const target of targets) {
    try {
      const answer = await client.send({
        target,
        headers: { 'accept-encoding': 'identity', ...range },
        accept: [200, 206],
        what: wish.what,
        signal: wish.signal,
      });
      checkLength(answer, descriptor, wish);
      return answer;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function checkLength(answer: HttpAnswer, { size }: Descriptor, { from, what }: Wish): void {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  const start = answer.status === 206 ? from : 0;
  const range = /^bytes (\d+)-/.exec(String(answer.headers['content-range'] ?? ''));
  let wrong: Error | undefined;
  if (Number.isFinite(length) && start + length > size) wrong = tooLong(what, size);
  if (answer.status === 206 && range !== null && Number(range[1]) !== from) {
    wrong = new RegistryError(`${what}: the registry sent another part than was asked for`);
  }
  if (wrong === undefined) return;
  answer.body.on('error', () => {}).destroy();
  throw wrong;
}

function tooLong(what: string, size: number): IntegrityError {
  return new IntegrityError(`${what}: more bytes came than the ${size} that its descriptor declares`);
}
