import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import {
  AlreadyExistsError,
  InvalidSpecError,
  messageOf,
  NotFoundError,
  UsageError,
} from '../base/errors.ts';
import { serviceSocket } from '../base/service-socket.ts';

/**
 * Contexts as docker's client keeps them, in its own files (`contexts` beneath the directory of config.json), so that both see the
 * same ones. `default` is this machine; it has no file.
 */
export interface DockerContext {
  name: string;
  description: string;
  /** Of the endpoint `docker`. */
  host: string;
  skipTlsVerify: boolean;
  /** Other members of Metadata and Endpoints: they are another program's. */
  metadata: Record<string, unknown>;
  endpoints: Record<string, unknown>;
  /** File name (`ca.pem`, `cert.pem`, `key.pem`) -> content. */
  tls: Readonly<Record<string, string>>;
}

export interface ContextPlaces {
  metadata: string;
  tls: string;
}

export const DEFAULT_CONTEXT = 'default';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;
const TLS_FILES = ['ca.pem', 'cert.pem', 'key.pem'];

/** By name; `default` first. */
export function listContexts(): DockerContext[] {
  const directory = join(dockerDirectory(), 'contexts/meta');
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const stored = names
    .filter((id) => existsSync(join(directory, id, 'meta.json')))
    .map((id) => readContext(id))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [defaultContext(), ...stored];
}

/** Throws NotFoundError. */
export function getContext(name: string): DockerContext {
  if (name === DEFAULT_CONTEXT) return defaultContext();
  if (!existsSync(join(contextPlaces(name).metadata, 'meta.json')))
    throw new NotFoundError('context', name, {
      message: `context ${JSON.stringify(name)} does not exist`,
      docker: `context ${JSON.stringify(name)}: context not found`,
    });
  return readContext(idOf(name));
}

export function contextPlaces(name: string): ContextPlaces {
  const root = join(dockerDirectory(), 'contexts');
  return { metadata: join(root, 'meta', idOf(name)), tls: join(root, 'tls', idOf(name)) };
}

/** `replace`: it is there already; otherwise that is an AlreadyExistsError. */
export function storeContext(context: DockerContext, { replace }: { replace: boolean }): void {
  const { name, tls } = context;
  checkName(name);
  const places = contextPlaces(name);
  const file = join(places.metadata, 'meta.json');
  if (existsSync(file) && !replace)
    throw new AlreadyExistsError(`context ${JSON.stringify(name)} already exists`);
  rmSync(places.tls, { recursive: true, force: true });
  for (const [key, content] of Object.entries(tls)) {
    mkdirSync(join(places.tls, 'docker'), { recursive: true, mode: 0o700 });
    writeFileAtomic(join(places.tls, 'docker', key), content, { mode: 0o600 });
  }
  mkdirSync(places.metadata, { recursive: true, mode: 0o755 });
  writeFileAtomic(file, metadataText(context), { mode: 0o644 });
}

/** The one in use only by force; then `default` is in use. */
export function removeContext(name: string, { force }: { force: boolean }): void {
  if (name === DEFAULT_CONTEXT) throw new UsageError('context "default" cannot be removed');
  if (!force) getContext(name);
  if (currentContext() === name) {
    if (!force)
      throw new InvalidSpecError(`context ${JSON.stringify(name)} is in use, set -f flag to force remove`);
    useContext(DEFAULT_CONTEXT);
  }
  const places = contextPlaces(name);
  for (const place of [places.metadata, places.tls]) rmSync(place, { recursive: true, force: true });
}

/** What the environment or docker's config.json chooses. */
export function currentContext(): string {
  const chosen = process.env['DOCKER_CONTEXT'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const text = readConfig()['currentContext'];
  return typeof text === 'string' && text !== '' ? text : DEFAULT_CONTEXT;
}

export function useContext(name: string): void {
  getContext(name);
  const { currentContext: _, ...others } = readConfig();
  const config = name === DEFAULT_CONTEXT ? others : { ...others, currentContext: name };
  if (Object.keys(config).length === 0 && !existsSync(configFile())) return;
  mkdirSync(dockerDirectory(), { recursive: true, mode: 0o700 });
  writeFileAtomic(configFile(), `${JSON.stringify(config, undefined, '\t')}\n`, { mode: 0o600 });
}

/** The document of meta.json. */
export function metadataText({ name, description, host, skipTlsVerify, ...others }: DockerContext): string {
  const metadata = { ...others.metadata, ...(description === '' ? {} : { Description: description }) };
  const docker = { Host: host, SkipTLSVerify: skipTlsVerify };
  return JSON.stringify({ Name: name, Metadata: metadata, Endpoints: { ...others.endpoints, docker } });
}

/** `what` is for messages. */
export function parseMetadata(
  text: string,
  what: string,
  tls: Readonly<Record<string, string>>,
): DockerContext {
  try {
    const { Name, Metadata, Endpoints } = JSON.parse(text) as {
      Name: string;
      Metadata?: Record<string, unknown>;
      Endpoints?: Record<string, { Host?: string; SkipTLSVerify?: boolean }>;
    };
    const { Description, ...metadata } = Metadata ?? {};
    const { docker, ...endpoints } = Endpoints ?? {};
    return {
      name: String(Name),
      description: typeof Description === 'string' ? Description : '',
      host: docker?.Host ?? '',
      skipTlsVerify: docker?.SkipTLSVerify === true,
      metadata,
      endpoints,
      tls,
    };
  } catch (error) {
    throw new InvalidSpecError(`${what} does not describe a context: ${messageOf(error)}`, { cause: error });
  }
}

function readContext(id: string): DockerContext {
  const root = join(dockerDirectory(), 'contexts');
  const file = join(root, 'meta', id, 'meta.json');
  const keys = TLS_FILES.filter((name) => existsSync(join(root, 'tls', id, 'docker', name)));
  const tls = keys.map(
    (name) => [name, readFileSync(join(root, 'tls', id, 'docker', name), 'utf8')] as const,
  );
  return parseMetadata(readFileSync(file, 'utf8'), file, Object.fromEntries(tls));
}

function defaultContext(): DockerContext {
  return {
    name: DEFAULT_CONTEXT,
    description: 'This machine',
    host: `unix://${serviceSocket()}`,
    skipTlsVerify: false,
    metadata: {},
    endpoints: {},
    tls: {},
  };
}

function checkName(name: string): void {
  if (name === DEFAULT_CONTEXT) throw new UsageError('"default" is a reserved context name');
  if (!NAME.test(name))
    throw new UsageError(
      `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "${NAME.source}"`,
    );
}

function readConfig(): Record<string, unknown> {
  const file = configFile();
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function configFile(): string {
  return join(dockerDirectory(), 'config.json');
}

function dockerDirectory(): string {
  return process.env['DOCKER_CONFIG'] || join(process.env['HOME'] || '/root', '.docker');
}

function idOf(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}
