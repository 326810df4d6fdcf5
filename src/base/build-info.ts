import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BuildInfo {
  version: string;
  /** Empty when it was not built from a git checkout. */
  commit: string;
  /** RFC 3339. */
  builtAt: string;
  /** Of the Node that comes along, as `v26.10.0`; absent where none does. */
  node?: string;
}

/** The build writes build.json beside the bundle; from source, package.json knows the version. */
export function readBuildInfo(): BuildInfo {
  const built = join(import.meta.dirname, 'build.json');
  if (existsSync(built)) return JSON.parse(readFileSync(built, 'utf8')) as BuildInfo;
  const manifest = join(import.meta.dirname, '../../package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { version, commit: '', builtAt: new Date(0).toISOString() };
}

export function versionOfTspod(): string {
  return readBuildInfo().version;
}

/** The Node that runs what is not over in a moment. The quick program's own runtime only claims a version of it. */
export function nodeVersion(): string {
  return (process.versions['bun'] === undefined ? undefined : readBuildInfo().node) ?? process.version;
}
