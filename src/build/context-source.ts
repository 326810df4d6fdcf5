import { UnsupportedError, UsageError } from '../base/errors.ts';

/** What the text of a context means, before anything is looked at. */
export type ContextSource =
  | { kind: 'directory'; path: string }
  | { kind: 'stdin' }
  | { kind: 'git'; repository: string; ref: string | undefined; subdirectory: string | undefined }
  | { kind: 'url'; url: URL }
  | { kind: 'image'; name: string };

const GIT = /^(git:\/\/|ssh:\/\/|git@|github\.com\/|[\w.-]+@[\w.-]+:)|^https?:\/\/[^#?]+\.git(#|$)/;

export function parseContextSource(text: string): ContextSource {
  if (text === '-') return { kind: 'stdin' };
  if (GIT.test(text)) return parseGitSource(text);
  if (/^https?:\/\//.test(text)) return { kind: 'url', url: parseUrl(text) };
  return { kind: 'directory', path: text };
}

/** `--build-context NAME=` knows images too. */
export function parseNamedContext(text: string): ContextSource {
  const image = /^(?:docker-image|container-image|docker):\/\/(.+)$/.exec(text)?.[1];
  if (image !== undefined) return { kind: 'image', name: image };
  const scheme = /^(oci-layout|target|input):/.exec(text)?.[1];
  if (scheme !== undefined)
    throw new UnsupportedError(`build contexts of the kind ${scheme}: are not supported`);
  if (text === '-') throw new UsageError('a named build context cannot come from stdin');
  return parseContextSource(text);
}

function parseGitSource(text: string): ContextSource {
  const hash = text.indexOf('#');
  const address = hash < 0 ? text : text.slice(0, hash);
  const repository = address.startsWith('github.com/') ? `https://${address}` : address;
  const [ref = '', subdirectory = ''] = hash < 0 ? [] : text.slice(hash + 1).split(/:(.*)/s);
  if (repository.startsWith('-') || ref.startsWith('-') || /[\s\u0000]/.test(ref))
    throw new UsageError(`invalid git context ${JSON.stringify(text)}`);
  return {
    kind: 'git',
    repository,
    ref: ref === '' ? undefined : ref,
    subdirectory: subdirectory === '' ? undefined : subdirectory,
  };
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new UsageError(`invalid context ${JSON.stringify(text)}: not an address`, { cause });
  }
}
