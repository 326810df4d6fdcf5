import { createHash } from 'node:crypto';
import type { Digest } from '../base/ids.ts';

/** The digest of `data` by the algorithm that `like` (a digest) uses. */
export function digestOf(like: string, data: Uint8Array): Digest {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(data).digest('hex')}`;
}

/** Chain ids from the bottom up: a layer's identity together with everything below it. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(
      below === undefined
        ? diffId
        : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`,
    );
  }
  return chain;
}
