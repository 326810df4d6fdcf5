import { InvalidSpecError, PermissionError, TspodError, UnsupportedError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { PolicyRequirement, PolicyVerdict } from './policy.ts';
import { formatReference, type ImageReference } from './reference.ts';
import type { RegistryClient } from './registry-client.ts';
import { isIdentityMatch } from './signed-identity.ts';

export interface SignedImage {
  /** As it was asked for, not where a mirror has it. */
  reference: ImageReference;
  /** Of the manifest of the image itself, not of an index above it. */
  digest: Digest;
}

export interface SignatureContext {
  client: RegistryClient;
  /** For a key ring that lives as long as the check. */
  temporary: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal | undefined;
}

/** What a signature says, once its own bytes were found to be the signer's. */
export interface SignedClaim {
  type: string;
  digest: string;
  name: string;
}

/** Every requirement needs one signature that is good. Throws PermissionError with what was wrong with each. */
export async function checkSignatures(
  context: SignatureContext,
  image: SignedImage,
  { file, signatures }: PolicyVerdict,
): Promise<void> {
  for (const requirement of signatures) {
    const failures = await tryAll(context, image, requirement);
    if (failures === undefined) continue;
    const name = formatReference(image.reference);
    const reasons = failures.length === 0 ? 'it has none' : failures.join('; ');
    throw new PermissionError(
      `policy ${file} wants a signature (${requirement.type}) on ${name}, and none is accepted: ${reasons}`,
    );
  }
}

/** Undefined when one is good, else why each is not. */
async function tryAll(
  context: SignatureContext,
  image: SignedImage,
  requirement: PolicyRequirement,
): Promise<string[] | undefined> {
  const failures: string[] = [];
  for await (const verify of signaturesFor(context, image, requirement)) {
    try {
      checkClaim(await verify(), image, requirement);
      return undefined;
    } catch (error) {
      if (!(error instanceof TspodError)) throw error;
      failures.push(error.message);
    }
  }
  return failures;
}

type Verify = () => Promise<SignedClaim>;

async function* signaturesFor(
  context: SignatureContext,
  image: SignedImage,
  requirement: PolicyRequirement,
): AsyncGenerator<Verify> {
  if (requirement.type === 'signedBy') {
    if (requirement.keyType !== 'GPGKeys')
      throw new UnsupportedError(`policy.json: keyType ${requirement.keyType} is not supported: use GPGKeys`);
    const { fetchSimpleSignatures } = await import('./lookaside.ts');
    const { verifySimpleSignature } = await import('./gpg-signature.ts');
    const keys = keysOf(requirement);
    for await (const signature of fetchSimpleSignatures(context, image))
      yield () => verifySimpleSignature(signature, keys, context);
  } else if (requirement.type === 'sigstoreSigned') {
    for (const member of ['fulcio', 'pki', 'rekorPublicKeyPath', 'rekorPublicKeyData'] as const)
      if (requirement[member] !== undefined)
        throw new UnsupportedError(
          `policy.json: ${member} of sigstoreSigned is not supported: only a public key is`,
        );
    const { fetchSigstoreSignatures, verifySigstoreSignature } = await import('./sigstore-signature.ts');
    const keys = keysOf(requirement);
    for (const signature of await fetchSigstoreSignatures(context.client, image.digest, context.signal))
      yield () => Promise.resolve(verifySigstoreSignature(signature, keys));
  } else
    throw new UnsupportedError(
      `policy.json: requirement ${JSON.stringify(requirement.type)} is not supported`,
    );
}

function checkClaim(claim: SignedClaim, { reference, digest }: SignedImage, rule: PolicyRequirement): void {
  const wanted = rule.type === 'signedBy' ? 'atomic container signature' : 'cosign container image signature';
  if (claim.type !== wanted)
    throw new InvalidSpecError(`a signature is of type ${JSON.stringify(claim.type)}`);
  if (claim.digest !== digest)
    throw new InvalidSpecError(`a signature is for ${claim.digest}, not ${digest}`);
  if (!isIdentityMatch(claim.name, reference, rule.signedIdentity))
    throw new InvalidSpecError(`a signature is for ${claim.name}`);
}

/** A path, or the bytes of a key in base64. */
export type KeySource = { path: string } | { data: Buffer };

function keysOf({ keyPath, keyPaths, keyData, keyDatas }: PolicyRequirement): KeySource[] {
  const keys: KeySource[] = [
    ...[keyPath, ...(keyPaths ?? [])].filter((path) => path !== undefined).map((path) => ({ path })),
    ...[keyData, ...(keyDatas ?? [])]
      .filter((data) => data !== undefined)
      .map((data) => ({ data: Buffer.from(data, 'base64') })),
  ];
  if (keys.length === 0) throw new InvalidSpecError('policy.json: a requirement for signatures names no key');
  return keys;
}

/** The claim in the text that was signed. Throws InvalidSpecError. */
export function parseClaim(text: string): SignedClaim {
  try {
    const { critical } = JSON.parse(text) as {
      critical: {
        type: string;
        image: { 'docker-manifest-digest': string };
        identity: { 'docker-reference': string };
      };
    };
    const claim = {
      type: critical.type,
      digest: critical.image['docker-manifest-digest'],
      name: critical.identity['docker-reference'],
    };
    if (Object.values(claim).every((value) => typeof value === 'string')) return claim;
  } catch {
    // Said below.
  }
  throw new InvalidSpecError('a signature says nothing about an image');
}
