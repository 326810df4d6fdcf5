import { InvalidSpecError } from '../base/errors.ts';
import type { SignedIdentity } from './policy.ts';
import { formatReference, type ImageReference, parseReference, repositoryOf } from './reference.ts';

/** Whether a signature that is for the name `signed` counts for the image that was asked for. */
export function isIdentityMatch(
  signed: string,
  wanted: ImageReference,
  rule: SignedIdentity = { type: 'matchRepoDigestOrExact' },
): boolean {
  const claimed = parseOrNothing(signed);
  if (claimed === undefined) return false;
  switch (rule.type) {
    case 'matchExact':
      return isNamed(claimed) && formatReference(claimed) === formatReference(wanted);
    case 'matchRepoDigestOrExact':
      return isSameImage(claimed, wanted);
    case 'matchRepository':
      return repositoryOf(claimed) === repositoryOf(wanted);
    case 'exactReference':
      return formatReference(claimed) === formatReference(parseReference(rule.dockerReference ?? ''));
    case 'exactRepository':
      return repositoryOf(claimed) === repositoryOf(parseReference(rule.dockerRepository ?? ''));
    case 'remapIdentity':
      return isSameImage(claimed, remapped(wanted, rule));
    default:
      throw new InvalidSpecError(`unknown signedIdentity type ${JSON.stringify(rule.type)} in policy.json`);
  }
}

/** Asked for by digest, any tag of the repository will do: the digest itself is compared anyway. */
function isSameImage(claimed: ImageReference, wanted: ImageReference): boolean {
  if (!isNamed(claimed)) return false;
  if (wanted.digest !== undefined) return repositoryOf(claimed) === repositoryOf(wanted);
  return formatReference(claimed) === formatReference(wanted);
}

/** A signature for a repository alone is for no image in particular. */
function isNamed({ tag, digest }: ImageReference): boolean {
  return tag !== undefined || digest !== undefined;
}

function remapped(
  wanted: ImageReference,
  { prefix = '', signedPrefix = '' }: SignedIdentity,
): ImageReference {
  const name = formatReference(wanted);
  const rest = name.slice(prefix.length);
  if (!name.startsWith(prefix) || !(rest === '' || /^[/:@]/.test(rest))) return wanted;
  return parseReference(signedPrefix + rest);
}

function parseOrNothing(text: string): ImageReference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
