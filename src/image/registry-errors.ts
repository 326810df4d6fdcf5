import { RegistryAuthError, RegistryError } from '../base/errors.ts';
import type { HttpAnswer } from './registry-http.ts';

/** What the registry said about a request that failed, in its own words if it gave some. */
export function errorOf(
  answer: Pick<HttpAnswer, 'status' | 'headers'>,
  body: string,
  what: string,
): RegistryError {
  const said = ownWords(body) || PLAIN_WORDS[answer.status] || `status ${answer.status}`;
  const message = `${what}: ${said}`;
  if (answer.status === 401 || answer.status === 403) {
    return new RegistryAuthError(message, { status: answer.status });
  }
  if (answer.status === 429) {
    const after = answer.headers['retry-after'];
    const wait =
      typeof after === 'string'
        ? `, it asks to wait ${/^\d+$/.test(after) ? `${after} s` : `until ${after}`}`
        : '';
    return new RegistryError(`${message}${wait}`, {
      status: 429,
      hint: 'the registry limits how often it is asked: log in, or try later',
    });
  }
  return new RegistryError(message, { status: answer.status });
}

const PLAIN_WORDS: Record<number, string> = {
  401: 'unauthorized: authentication required',
  403: 'denied: requested access to the resource is denied',
  404: 'not found',
  429: 'too many requests',
};

const LONGEST_WORDS = 500;

function ownWords(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return '';
  }
  if (typeof json !== 'object' || json === null) return '';
  const { errors, details, message } = json as { errors?: unknown; details?: unknown; message?: unknown };
  if (Array.isArray(errors)) {
    const words = errors.map(wordsOf).filter((one) => one !== '');
    return words.join('; ').slice(0, LONGEST_WORDS);
  }
  const plain = [details, message].find((one) => typeof one === 'string') ?? '';
  return printable(String(plain)).slice(0, LONGEST_WORDS);
}

/** `MANIFEST_UNKNOWN` and its message often say the same; then once is enough. */
function wordsOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = typeof code === 'string' ? code.toLowerCase().replaceAll('_', ' ') : '';
  const text = typeof message === 'string' ? printable(message) : '';
  if (text === '' || name === '') return text || name;
  return text.toLowerCase().includes(name) ? text : `${name}: ${text}`;
}

/** A registry must not be able to write escape sequences to a terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
