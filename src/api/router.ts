import { NotFoundError, TspodError, UsageError } from '../base/errors.ts';
import type { ApiVersion, Route } from './exchange.ts';
import { MIN_MINOR, NEWEST_MINOR } from './versions.ts';

export interface Match {
  route: Route;
  params: Record<string, string>;
  version: ApiVersion;
}

interface CompiledRoute {
  route: Route;
  pattern: RegExp;
  names: string[];
}

/** The path is served, with other methods. */
export class MethodNotAllowedError extends TspodError {
  override readonly code: string = 'METHOD_NOT_ALLOWED';
  override readonly httpStatus: number = 405;
  readonly allowed: string[] = [];
}

class NoSuchPageError extends NotFoundError {
  constructor(path: string) {
    super('page', path, { message: `page not found: ${path}` });
  }
}

/** Finds routes by method and path; with and without a version before it. Built once. */
export class Router {
  readonly #byMethod = new Map<string, CompiledRoute[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const known = this.#byMethod.get(route.method) ?? [];
      known.push(compile(route));
      this.#byMethod.set(route.method, known);
    }
  }

  /** Throws errors with the statuses 400 (version), 404 and 405. `path` is without the query, still encoded. */
  match(method: string, path: string): Match {
    const { rest, version } = splitVersion(path);
    const found = this.#find(method, rest) ?? (method === 'HEAD' ? this.#find('GET', rest) : undefined);
    if (found !== undefined) return { ...found, version };
    const others = [...this.#byMethod.keys()].filter((other) => this.#find(other, rest) !== undefined);
    if (others.length === 0) throw new NoSuchPageError(path);
    const error = new MethodNotAllowedError(`method ${method} is not allowed for ${rest}`);
    error.allowed.push(...others);
    throw error;
  }

  #find(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const { route, pattern, names } of this.#byMethod.get(method) ?? []) {
      const match = pattern.exec(path);
      if (match !== null)
        return {
          route,
          params: Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] ?? '')])),
        };
    }
    return undefined;
  }
}

function compile(route: Route): CompiledRoute {
  const names: string[] = [];
  const pattern = route.path.replace(/\{(\w+)(\.\.\.)?\}/g, (_, name: string, several?: string) => {
    names.push(name);
    return several === undefined ? '([^/]+)' : '(.+)';
  });
  return { route, pattern: new RegExp(`^${pattern}/?$`), names };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new UsageError(`invalid path: ${JSON.stringify(text)} is not well encoded`, { cause: error });
  }
}

const VERSION = /^\/v(\d+)(?:\.(\d+))?(?:\.\d+)?(\/.*)$/;

function splitVersion(path: string): { rest: string; version: ApiVersion } {
  const match = VERSION.exec(path);
  const rest = match?.[3] ?? path;
  const libpod = rest.startsWith('/libpod/');
  const [, major = '', minor = '0'] = match ?? [];
  // Podman's numbers: its clients use them for the Docker half as well.
  if (match === null || libpod || Number(major) >= 3)
    return {
      rest,
      version: { minor: NEWEST_MINOR, libpod, podmanMajor: match === null ? undefined : Number(major) },
    };
  checkVersion(Number(major), Number(minor));
  return { rest, version: { minor: Number(minor), libpod, podmanMajor: undefined } };
}

function checkVersion(major: number, minor: number): void {
  if (major > 1 || minor > NEWEST_MINOR)
    throw new UsageError(
      `client version ${major}.${minor} is too new. Maximum supported API version is 1.${NEWEST_MINOR}`,
    );
  if (major < 1 || minor < MIN_MINOR)
    throw new UsageError(
      `client version ${major}.${minor} is too old. Minimum supported API version is 1.${MIN_MINOR}, please upgrade your client to a newer version`,
    );
}
