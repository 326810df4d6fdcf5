import { dirname } from 'node:path';
import { startUnpack } from './apply-pool.ts';
import type { CheckpointKeeper } from './checkpoint-taker.ts';
import { feedLayer } from './feed-layer.ts';
import type { ApplyOptions } from './store.ts';
import { unpackGuard } from './unpack-limit.ts';
import type { UnpackJob, UnpackResult } from './unpack/unpack-job.ts';

/**
 * Unpacks the blob of `options` as the job says: read and hashed here, decompressed on libuv's threads, unpacked on a worker thread.
 * Digest and size of the blob are checked; the diff id is the caller's to compare. After an error nothing runs any more, the source is
 * destroyed, and the job's directory holds a part, of which `keeper` knows how far it can be gone on with.
 */
export async function applyLayer(
  options: ApplyOptions,
  job: UnpackJob,
  keeper?: CheckpointKeeper,
): Promise<UnpackResult> {
  const { source, compression, blobDigest, blobSize, onProgress } = options;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const onAbort = (): void => {
    source.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  };
  // Between here and the first read, an error of the source has no other listener.
  source.on('error', () => {});
  const guard = unpackGuard(job.label, dirname(job.diff));
  const running = await startUnpack(job);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const feeding = feedLayer(
    { label: job.label, source, compression, blobDigest, blobSize, signal, onProgress, guard, keeper },
    running.ring,
  ).catch((error: unknown) => {
    running.ring.abort();
    throw error;
  });
  const unpacking = running.result.catch((error: unknown) => {
    running.ring.discard();
    stop.abort(error);
    throw error;
  });
  try {
    const [fed, unpacked] = await Promise.allSettled([feeding, unpacking]);
    // Each side's failure stops the other; only the first one is worth telling.
    if (unpacked.status === 'rejected') throw unpacked.reason;
    if (fed.status === 'rejected') throw fed.reason;
    if (unpacked.value === undefined) throw new Error('unpacking was aborted without a reason');
    return unpacked.value;
  } finally {
    signal.removeEventListener('abort', onAbort);
    source.destroy();
  }
}
