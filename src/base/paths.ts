import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, PermissionError } from './errors.ts';

/** Where everything lives; see docs/files.md. All paths are absolute. */
export interface Paths {
  graphRoot: string;
  runRoot: string;
  /** `<graphRoot>/state.db` */
  database: string;
  /** `<graphRoot>/containers/<id>`: overlay upper and work directories, log, artifacts. */
  containers: string;
  volumes: string;
  /** Where new ones are made: there, unless --volumepath says otherwise. The row of each says where it is. */
  newVolumes: string;
  /** Unfinished things, named with pid and start time of their owner. */
  temporary: string;
  /** Renamed away under the lock, emptied after it. */
  trash: string;
  locks: string;
  networks: string;
}

export interface PathOptions {
  root?: string | undefined;
  runRoot?: string | undefined;
  volumePath?: string | undefined;
}

/** The real ids of the user behind a rootless tspod, handed over by the launcher; undefined when root. */
export function rootlessUid(): number | undefined {
  const text = process.env['_TSPOD_ROOTLESS_UID'];
  return text === undefined || text === '' ? undefined : Number(text);
}

export function resolvePaths(options: PathOptions = {}): Paths {
  const graphRoot = resolve(options.root ?? defaultGraphRoot());
  const runRoot = resolve(options.runRoot ?? defaultRunRoot());
  return {
    graphRoot,
    runRoot,
    database: join(graphRoot, 'state.db'),
    containers: join(graphRoot, 'containers'),
    volumes: join(graphRoot, 'volumes'),
    newVolumes: resolve(options.volumePath ?? join(graphRoot, 'volumes')),
    temporary: join(graphRoot, 'tmp'),
    trash: join(graphRoot, 'trash'),
    locks: join(runRoot, 'locks'),
    networks: rootlessUid() === undefined ? '/etc/containers/networks' : join(graphRoot, 'networks'),
  };
}

function defaultGraphRoot(): string {
  if (rootlessUid() === undefined) return '/var/lib/tspod';
  const data = process.env['XDG_DATA_HOME'] || join(process.env['HOME'] ?? '/', '.local/share');
  return join(data, 'tspod');
}

function defaultRunRoot(): string {
  const uid = rootlessUid();
  if (uid === undefined) return '/run/tspod';
  return (
    process.env['_TSPOD_RUNTIME_DIR'] || join(process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`, 'tspod')
  );
}

/** Creates a directory of ours (0700 unless told) with its parents; an existing one is left as it is. */
export function ensureDirectory(path: string, mode = 0o700): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new PermissionError(`cannot use ${path}: not a directory`);
    return;
  }
  makeDirectories(path, mode);
}

/** Step by step: mkdir with `recursive` spins for ever below /proc, and hides why it failed on a read-only file system. */
function makeDirectories(path: string, mode: number): void {
  const parent = dirname(path);
  if (!existsSync(parent)) makeDirectories(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
