import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { isIndex } from '../oci/image-spec.ts';
import { type KeySource, parseClaim, type SignedClaim } from './check-signatures.ts';
import { fetchBlob } from './fetch-blob.ts';
import { fetchManifest } from './fetch-manifest.ts';
import { LARGEST_SIGNATURE } from './limits.ts';
import type { RegistryClient } from './registry-client.ts';

export interface SigstoreSignature {
  /** The bytes that were signed. */
  payload: Buffer;
  signature: Buffer;
}

const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE_KEY = 'dev.cosignproject.cosign/signature';
const MOST_SIGNATURES = 32;

/** Signatures lie in the image's own repository, under a tag made of its digest, as layers of an image. */
export async function fetchSigstoreSignatures(
  client: RegistryClient,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<SigstoreSignature[]> {
  const tag = `${digest.replace(':', '-')}.sig`;
  const layers = await signatureLayers(client, tag, signal);
  const found: SigstoreSignature[] = [];
  for (const layer of layers.slice(0, MOST_SIGNATURES)) {
    const text = layer.annotations?.[SIGNATURE_KEY];
    if (layer.mediaType !== PAYLOAD_TYPE || text === undefined) continue;
    const what = `signature ${layer.digest}`;
    const payload = await fetchBlob(client, layer, { limit: LARGEST_SIGNATURE, what, signal });
    found.push({ payload, signature: Buffer.from(text, 'base64') });
  }
  return found;
}

/** Throws InvalidSpecError when none of the keys has made it. */
export function verifySigstoreSignature(
  { payload, signature }: SigstoreSignature,
  keys: readonly KeySource[],
): SignedClaim {
  if (!keys.some((key) => verify('sha256', payload, readPublicKey(key), signature)))
    throw new InvalidSpecError('a signature is not by the key of the policy');
  return parseClaim(payload.toString('utf8'));
}

async function signatureLayers(client: RegistryClient, tag: string, signal: AbortSignal | undefined) {
  try {
    const { parsed } = await fetchManifest(client, tag, signal);
    return isIndex(parsed) ? [] : parsed.layers;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

function readPublicKey(key: KeySource): KeyObject {
  try {
    return createPublicKey('path' in key ? readFileSync(key.path) : key.data);
  } catch (error) {
    const where = 'path' in key ? key.path : 'keyData';
    throw new InvalidSpecError(`cannot read the public key ${where} of policy.json: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
