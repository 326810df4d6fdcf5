import { setTimeout as delay } from 'node:timers/promises';
import { NotFoundError, RegistryAuthError, type RegistryError, TspodError } from '../base/errors.ts';
import type { Credentials } from './auth-file.ts';
import { readBounded, readText } from './bounded-body.ts';
import { readCertificates } from './certs.ts';
import type { Endpoint } from './endpoints.ts';
import { type Authorizer, type Challenge, makeAuthorizer, parseChallenges } from './registry-auth.ts';
import { errorOf } from './registry-errors.ts';
import {
  type HttpAnswer,
  type HttpRequest,
  isTransient,
  openHttp,
  type RegistryHttp,
  type Timeouts,
} from './registry-http.ts';

export interface RegistryOptions {
  endpoint: Endpoint;
  credentials?: Credentials | undefined;
  certDir?: string | undefined;
  /** Default 'pull'. */
  access?: 'pull' | 'pull,push' | 'login' | 'catalog' | undefined;
  /** Paths of repositories whose blobs may be mounted. */
  alsoPullFrom?: readonly string[] | undefined;
  retry?: RetryPolicy | undefined;
  timeouts?: Partial<Timeouts> | undefined;
}

export interface RetryPolicy {
  attempts: number;
  /** Before the second attempt; doubles each time. */
  delayMs: number;
}

/** One repository of one registry. Made by `openRegistry`, closed by the caller. */
export interface RegistryClient {
  readonly endpoint: Endpoint;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  /** `https://host` or, for an insecure registry that has no TLS, `http://host`. */
  readonly origin: string;
  /**
   * An authorised request to a path below the repository or a full URL. Tries again after broken connections, 429 and 5xx
   * (bodies that are streams only once). A status not in `accept` rejects with RegistryError, what starts its message.
   */
  send(request: RegistryRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface RegistryRequest extends Omit<HttpRequest, 'url'> {
  /** `manifests/latest`, `blobs/sha256:…`, or a URL of the registry's own. */
  target: string | URL;
  accept: readonly number[];
  /** "reading manifest v1 in host/name": for messages. */
  what: string;
}

const DEFAULT_RETRY: RetryPolicy = { attempts: 3, delayMs: 1000 };
const LONGEST_WAIT_MS = 60_000;
const LONGEST_ERROR = 1024 * 1024;

/** Finds out by `/v2/` whether the registry speaks TLS and what authorisation it wants. */
export async function openRegistry(options: RegistryOptions, signal?: AbortSignal): Promise<RegistryClient> {
  const { endpoint } = options;
  const host = endpoint.host === 'docker.io' ? 'registry-1.docker.io' : endpoint.host;
  const retry = options.retry ?? DEFAULT_RETRY;
  const http = openHttp({
    host,
    certificates: readCertificates(endpoint.host, options.certDir),
    insecure: endpoint.insecure,
    timeouts: options.timeouts,
  });
  try {
    const { origin, challenge } = await retrying(retry, signal, () => ping(http, host, endpoint, signal));
    const authorizer = makeAuthorizer(challenge, {
      http,
      host: endpoint.host,
      onlyEncrypted: origin.startsWith('https:') && !endpoint.insecure,
      credentials: options.credentials,
      scopes: scopesOf(options),
    });
    const session: Session = { http, origin, authorizer, options };
    return {
      endpoint,
      retry,
      timeouts: http.timeouts,
      origin,
      send: (request) =>
        retrying(isStream(request.body) ? ONCE : retry, request.signal, () => sendOnce(session, request)),
      close: () => http.close(),
    };
  } catch (error) {
    await http.close();
    throw error;
  }
}

function scopesOf({ endpoint, access = 'pull', alsoPullFrom = [] }: RegistryOptions): string[] {
  if (access === 'login') return [];
  if (access === 'catalog') return ['registry:catalog:*'];
  return [`repository:${endpoint.path}:${access}`, ...alsoPullFrom.map((path) => `repository:${path}:pull`)];
}

/** Runs `work` until it succeeds, fails for good or the attempts are used up. */
export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= policy.attempts || !isWorthRetrying(error)) throw error;
      const wait = waits.get(error as object) ?? policy.delayMs * 2 ** (attempt - 1);
      await delay(Math.min(wait, LONGEST_WAIT_MS), undefined, signal === undefined ? {} : { signal });
    }
  }
}

const ONCE: RetryPolicy = { attempts: 1, delayMs: 0 };
/** How long the registry asked to wait before the next try, by the error that told of it. */
const waits = new WeakMap<object, number>();

interface Session {
  http: RegistryHttp;
  origin: string;
  authorizer: Authorizer;
  options: RegistryOptions;
}

async function ping(
  http: RegistryHttp,
  host: string,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): Promise<{ origin: string; challenge: Challenge | undefined }> {
  let failure: unknown;
  for (const scheme of endpoint.insecure ? ['https', 'http'] : ['https']) {
    const origin = `${scheme}://${host}`;
    const what = `pinging container registry ${host}`;
    let answer: HttpAnswer;
    try {
      answer = await http.send({ url: new URL(`${origin}/v2/`), signal });
    } catch (error) {
      // Of the two reasons, that of TLS is the better one only when plain http was not even connected.
      failure = error;
      if (!(error instanceof TspodError)) throw error;
      continue;
    }
    const text = await readText(answer.body, LONGEST_ERROR, what);
    if (answer.status === 401) {
      return { origin, challenge: parseChallenges(answer.headers['www-authenticate']) };
    }
    if (answer.status !== 200) throw explain(answer, text, what);
    return { origin, challenge: undefined };
  }
  throw failure;
}

async function sendOnce(session: Session, request: RegistryRequest): Promise<HttpAnswer> {
  const { http, origin, authorizer, options } = session;
  const base = `${origin}/v2/${options.endpoint.path}/`;
  const url = request.target instanceof URL ? request.target : new URL(request.target, base);
  for (let attempt = 1; ; attempt++) {
    const authorization = url.origin === origin ? await authorizer.header(request.signal) : undefined;
    const answer = await http.send({
      url,
      method: request.method ?? 'GET',
      headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
      body: request.body,
      signal: request.signal,
    });
    if (request.accept.includes(answer.status)) return answer;
    const text = (await readBounded(answer.body, LONGEST_ERROR, request.what).catch(() => '')).toString();
    // A token may expire in the middle of a long pull.
    if (answer.status === 401 && attempt === 1 && !isStream(request.body) && authorizer.renew()) continue;
    throw refused(explain(answer, text, request.what), session);
  }
}

function refused(error: RegistryError, { options }: Session): TspodError {
  if (error.status === 404) {
    const { host, path } = options.endpoint;
    return new NotFoundError('image', `${host}/${path}`, { message: error.message });
  }
  if (!(error instanceof RegistryAuthError)) return error;
  const { host } = options.endpoint;
  const isPush = options.access === 'pull,push';
  const anonymous = isPush ? 'pushing needs a login' : 'it may not exist or be private';
  const hint =
    options.credentials === undefined
      ? `${anonymous}: run \`tspod login ${host}\`, or give --creds USER:PASSWORD`
      : `the login for ${host} does not reach: check it with \`tspod login ${host}\``;
  return new RegistryAuthError(error.message, { status: error.status, hint });
}

function explain(answer: HttpAnswer, text: string, what: string): RegistryError {
  const error = errorOf(answer, text, what);
  const after = answer.headers['retry-after'];
  if (typeof after === 'string') {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    if (ms >= 0) waits.set(error, ms);
  }
  return error;
}

function isWorthRetrying(error: unknown): boolean {
  if (isTransient(error)) return true;
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && (status === 429 || status >= 500);
}

function isStream(body: RegistryRequest['body']): boolean {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
}
