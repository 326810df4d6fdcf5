import { X509Certificate } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { errnoOf, messageOf, RegistryError, TspodError, UsageError } from '../base/errors.ts';
import { trustedAuthorities, trustHostAuthorities } from '../base/host-authorities.ts';
import type { RegistryCertificates } from './certs.ts';

/** The only file that knows undici. One connection pool for one registry host. */
export interface RegistryHttp {
  /**
   * One request, redirects followed. Any status resolves; no answer rejects with RegistryError (`isTransient` tells whether
   * trying again can help). The caller must read or destroy the body.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
  readonly timeouts: Timeouts;
}

export interface HttpRequest {
  url: URL;
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `authorization` goes only to the host of `url`, not where a redirect leads. */
  headers?: Record<string, string>;
  body?: string | Uint8Array | Readable | undefined;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
  /** After redirects. */
  url: URL;
}

export interface Timeouts {
  connectMs: number;
  /** From the request to the first byte of the answer. */
  headersMs: number;
  /** Between two pieces of a body. */
  idleMs: number;
}

export interface HttpOptions {
  host: string;
  certificates: RegistryCertificates;
  /** Certificates are not checked, and redirects may lead to plain http. */
  insecure: boolean;
  timeouts?: Partial<Timeouts> | undefined;
}

const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 30_000, headersMs: 60_000, idleMs: 60_000 };
const MOST_REDIRECTS = 10;
const CONNECTIONS = 8;

export function openHttp(options: HttpOptions): RegistryHttp {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const dispatcher = makeDispatcher(options, timeouts);
  return {
    send: (wanted) => follow(wanted, { dispatcher, timeouts, options }),
    close: () => dispatcher.destroy(),
    timeouts,
  };
}

/** Wraps what breaks while a body is read. */
export function explainNetworkError(error: unknown, host: string, timeouts: Timeouts): unknown {
  if (error instanceof TspodError || isAbort(error)) return error;
  return describe(error, host, timeouts);
}

/** True when the connection, not the registry's answer, was at fault and a second try may succeed. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error.status !== undefined) return false;
  const code = errnoOf(error.cause) ?? '';
  return TRANSIENT.has(code);
}

/** True when the host answered, but not with TLS. */
export function isPlainHttpAnswer(error: unknown): boolean {
  return error instanceof RegistryError && PLAIN_HTTP.has(errnoOf(error.cause) ?? '');
}

export function isConnectionRefused(error: unknown): boolean {
  return error instanceof RegistryError && errnoOf(error.cause) === 'ECONNREFUSED';
}

const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_BODY_TIMEOUT',
]);
const PLAIN_HTTP = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);
const BAD_CERTIFICATE =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT)/;

interface Connection {
  dispatcher: Dispatcher;
  timeouts: Timeouts;
  options: HttpOptions;
}

function makeDispatcher({ host, certificates, insecure }: HttpOptions, timeouts: Timeouts): Dispatcher {
  const tls = { rejectUnauthorized: !insecure, ...contextFor(host, certificates) };
  const common = {
    connect: { ...tls, timeout: timeouts.connectMs },
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.idleMs,
    connections: CONNECTIONS,
  };
  return hasProxy()
    ? new EnvHttpProxyAgent({ ...common, requestTls: { ...tls, timeout: timeouts.connectMs } })
    : new Agent(common);
}

/** Made once for all connections: it holds every authority of the host. Without certificates of its own a connection has the default one. */
function contextFor(host: string, { ca, client }: RegistryCertificates): { secureContext?: SecureContext } {
  if (ca.length === 0 && client === undefined) return {};
  try {
    // A context passes over what is no certificate.
    for (const text of ca) new X509Certificate(text);
    return { secureContext: createSecureContext({ ...client, ca: [...ca, ...trustedAuthorities()] }) };
  } catch (cause) {
    throw new UsageError(`the certificates for registry ${host} cannot be used: ${messageOf(cause)}`, {
      cause,
      hint: '*.crt are authorities, NAME.cert with NAME.key the own certificate, all as PEM',
    });
  }
}

function hasProxy(): boolean {
  return ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'].some((name) => !!process.env[name]);
}

async function follow(wanted: HttpRequest, connection: Connection): Promise<HttpAnswer> {
  const headers: Record<string, string> = { 'user-agent': 'tspod', ...wanted.headers };
  let url = wanted.url;
  for (let hops = 0; ; hops++) {
    const answer = await once({ ...wanted, url, headers }, connection);
    const location = answer.headers['location'];
    if (![301, 302, 303, 307, 308].includes(answer.status) || typeof location !== 'string') return answer;
    answer.body.on('error', () => {}).destroy();
    if (hops >= MOST_REDIRECTS) throw new RegistryError(`registry ${wanted.url.host} redirects in circles`);
    const next = new URL(location, url);
    if (next.protocol !== 'https:' && next.protocol !== url.protocol && !connection.options.insecure) {
      throw new RegistryError(`registry ${url.host} redirects to ${next.protocol}//${next.host}: refused`);
    }
    if (next.host !== url.host || next.protocol !== url.protocol) delete headers['authorization'];
    url = next;
  }
}

async function once(wanted: HttpRequest, connection: Connection): Promise<HttpAnswer> {
  if (wanted.url.protocol === 'https:') trustHostAuthorities();
  try {
    const answer = await request(wanted.url, {
      dispatcher: connection.dispatcher,
      method: wanted.method ?? 'GET',
      headers: wanted.headers ?? {},
      body: wanted.body ?? null,
      ...(wanted.signal === undefined ? {} : { signal: wanted.signal }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, url: wanted.url };
  } catch (error) {
    if (isAbort(error)) throw error;
    throw describe(error, wanted.url.host, connection.timeouts);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || errnoOf(error) === 'UND_ERR_ABORTED');
}

function describe(error: unknown, host: string, timeouts: Timeouts): RegistryError {
  const cause = firstCause(error);
  const code = errnoOf(cause) ?? '';
  const what = `registry ${host}`;
  const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
  switch (code) {
    case 'ECONNREFUSED':
      if (isOfProxy(cause, host))
        return new RegistryError(`${what}: the proxy ${cause.address}:${cause.port} refused the connection`, {
          cause,
          hint: 'HTTP_PROXY and HTTPS_PROXY name it, NO_PROXY the hosts that are reached without',
        });
      return new RegistryError(`${what}: connection refused`, { cause });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new RegistryError(`${what}: no such host`, { cause });
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new RegistryError(`${what} did not accept a connection within ${seconds(timeouts.connectMs)}`, {
        cause,
      });
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new RegistryError(`${what} did not answer within ${seconds(timeouts.headersMs)}`, { cause });
    case 'UND_ERR_BODY_TIMEOUT':
      return new RegistryError(`${what} stopped sending for ${seconds(timeouts.idleMs)}`, { cause });
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return new RegistryError(`${what} closed the connection too early`, { cause });
    default:
  }
  if (PLAIN_HTTP.has(code)) {
    return new RegistryError(`${what}: server gave HTTP response to HTTPS client`, {
      cause,
      hint: 'use --tls-verify=false, or set `insecure = true` for it in registries.conf',
    });
  }
  if (BAD_CERTIFICATE.test(code)) {
    // Node goes on with advice about its own options.
    const reason = messageOf(cause).replace(/; if the root CA .*$/s, '');
    return new RegistryError(`${what}: its certificate cannot be verified: ${reason}`, {
      cause,
      hint: `put its authority into /etc/containers/certs.d/${host}/ca.crt or among the host's own, or use --tls-verify=false`,
    });
  }
  return new RegistryError(`${what}: ${messageOf(cause)}`, { cause });
}

function isOfProxy(cause: unknown, host: string): cause is { address: string; port: number } {
  if (!hasProxy() || typeof cause !== 'object' || cause === null || !('port' in cause)) return false;
  const ports = /:\d+$/.test(host) ? [host.slice(host.lastIndexOf(':') + 1)] : ['443', '80'];
  return 'address' in cause && !ports.includes(String(cause.port));
}

/** Node tries all addresses of a name and reports an AggregateError; the first reason serves as well as the others. */
function firstCause(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors[0] ?? error;
  if (error instanceof Error && errnoOf(error) === undefined && error.cause !== undefined) {
    return firstCause(error.cause);
  }
  return error;
}
