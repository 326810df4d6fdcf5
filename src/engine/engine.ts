import { resolve } from 'node:path';
import { type RuntimeConfig, readRuntimeConfig, runtimeConfigKey } from '../base/containers-conf.ts';
import { errnoOf, messageOf, UnsupportedError, UsageError } from '../base/errors.ts';
import { isLogged, log, logLevel } from '../base/log.ts';
import { type Paths, resolvePaths } from '../base/paths.ts';
import { ADDITIONAL_STORE, completeStorage } from '../base/storage-conf.ts';
import type { Libpod } from '../libpod/context.ts';
import { prepareRuntime } from '../libpod/runtime-of.ts';
import { syscalls } from '../native/linux.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { type Database, explain, openDatabase } from '../state/db.ts';
import { DRIVER_NAMES, type DriverName } from '../storage/drivers/driver.ts';
import { openStore } from '../storage/open-store.ts';
import type { Store } from '../storage/store.ts';
import { ownMonitor, ownProgram } from './own-program.ts';

export interface EngineOptions {
  root?: string;
  runroot?: string;
  tmpdir?: string;
  runtime?: string;
  runtimeFlag?: string[];
  storageDriver?: string;
  storageOpt?: string[];
  cgroupManager?: string;
  conmon?: string;
  eventsBackend?: string;
  hooksDir?: string[];
  cdiSpecDir?: string[];
  module?: string[];
  networkConfigDir?: string;
  volumepath?: string;
  /** Short names resolve to docker.io only, as docker does. */
  asDocker?: boolean;
}

/** What every use case needs; members are opened when they are first asked for. */
export interface Engine extends Libpod {
  /** Completed by the environment and storage.conf. */
  readonly options: EngineOptions;
  /** As they were asked for. */
  readonly given: EngineOptions;
  /**
   * For processes that stay: takes up changes of containers.conf, of storage.conf's options and of the runtime, without waiting for
   * programs later. While a file cannot be read, what it said before holds; that is logged.
   */
  refresh(): Promise<void>;
  /** Whoever asks for the database or the store next opens them anew. */
  close(): void;
}

export function openEngine(given: EngineOptions): Engine {
  const options = completeStorage(given);
  const paths = resolvePaths({
    root: options.root,
    runRoot: options.runroot,
    volumePath: options.volumepath,
  });
  return new LazyEngine(given, options, paths);
}

/** What SQLite may throw at any query, about the file and not about the query, in the user's words. */
export function explainFailure(engine: Engine, error: unknown): unknown {
  if (error instanceof AggregateError)
    return new AggregateError(error.errors.map((each) => explainFailure(engine, each)));
  // Files that a command opens fail with the bare codes of the system: these are not about the database.
  return errnoOf(error)?.startsWith('SQLITE_') ? explain(error, engine.paths.database) : error;
}

const PLACES = ['root', 'runroot', 'storageDriver'] as const;

class LazyEngine implements Engine {
  readonly given: EngineOptions;
  readonly paths: Paths;
  readonly runtimeOptions: Libpod['runtimeOptions'];
  #options: EngineOptions;
  #toldOfStorage = '';
  #db: Database | undefined;
  #store: Store | undefined;
  #config: RuntimeConfig | undefined;
  #configKey: string | undefined;

  constructor(given: EngineOptions, options: EngineOptions, paths: Paths) {
    this.given = given;
    this.#options = options;
    this.paths = paths;
    this.runtimeOptions = {
      runtime: options.runtime,
      runtimeFlags: options.runtimeFlag ?? [],
      cgroupManager: options.cgroupManager,
    };
  }

  get options(): EngineOptions {
    return this.#options;
  }

  get syscalls(): Syscalls {
    return syscalls();
  }

  get db(): Database {
    this.#db ??= openDatabase(this.paths.database);
    return this.#db;
  }

  get store(): Store {
    this.#store ??= openStore({
      graphRoot: this.paths.graphRoot,
      runRoot: this.paths.runRoot,
      db: this.db,
      syscalls: syscalls(),
      driver: parseDriver(this.options.storageDriver),
      ...splitOptions(this.options.storageOpt ?? []),
    });
    return this.#store;
  }

  get config(): RuntimeConfig {
    this.#config ??= this.#readConfig();
    return this.#config;
  }

  async refresh(): Promise<void> {
    this.#refreshConfig();
    this.#refreshStorage();
    await prepareRuntime(this);
  }

  #refreshConfig(): void {
    try {
      const key = runtimeConfigKey(process.env, this.options.module);
      if (key === this.#configKey) return;
      this.#configKey = key;
      this.#config = this.#readConfig();
    } catch (error) {
      if (this.#config === undefined) throw error;
      log('warn', `containers.conf has changed and is not taken up: ${messageOf(error)}`);
    }
  }

  /** Where the store is and its driver stay: containers run there. Its other options count for what is mounted from now on. */
  #refreshStorage(): void {
    const before = this.#options;
    let news = '';
    try {
      const now = completeStorage(this.given);
      const kept = PLACES.filter((key) => now[key] !== before[key]);
      if (kept.length > 0)
        news = `what storage.conf now says of ${kept.join(', ')} counts when the service is started again`;
      if (now.storageOpt?.join('\n') !== before.storageOpt?.join('\n')) {
        const { storageOpt: _, ...others } = before;
        this.#options = now.storageOpt === undefined ? others : { ...others, storageOpt: now.storageOpt };
        this.#store = undefined;
      }
    } catch (error) {
      news = `storage.conf has changed and is not taken up: ${messageOf(error)}`;
    }
    if (news !== '' && news !== this.#toldOfStorage) log('warn', news);
    this.#toldOfStorage = news;
  }

  #readConfig(): RuntimeConfig {
    const config = readRuntimeConfig(this.paths, process.env, this.options.module);
    setEngineEnvironment(config.engine.env);
    const { networkConfigDir } = this.options;
    return networkConfigDir === undefined
      ? config
      : { ...config, network: { ...config.network, networkConfigDir: resolve(networkConfigDir) } };
  }

  get hooksDirectories(): readonly string[] {
    return this.options.hooksDir ?? this.config.engine.hooksDir;
  }

  get cdiDirectories(): readonly string[] {
    return this.options.cdiSpecDir ?? this.config.engine.cdiSpecDirs;
  }

  get foreignMonitor(): boolean {
    return this.options.conmon !== undefined;
  }

  get monitorProgram(): string {
    return this.options.conmon ?? ownMonitor();
  }

  get pauseProgram(): string {
    return ownMonitor();
  }

  get cleanupCommand(): readonly string[] {
    return [ownProgram(), ...this.#globalArguments()];
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
    this.#store = undefined;
  }

  /** So that the monitor's exit command works on the same stores. */
  #globalArguments(): string[] {
    const { root, runroot, tmpdir, runtime, storageDriver, cgroupManager, conmon } = this.options;
    const { networkConfigDir, volumepath } = this.options;
    const args: string[] = [];
    const add = (flag: string, value: string | undefined): void => {
      if (value !== undefined) args.push(`--${flag}=${value}`);
    };
    add('root', root);
    add('runroot', runroot);
    add('tmpdir', tmpdir);
    add('runtime', runtime);
    add('storage-driver', storageDriver);
    add('cgroup-manager', cgroupManager);
    add('conmon', conmon);
    add('network-config-dir', networkConfigDir && resolve(networkConfigDir));
    add('volumepath', volumepath && resolve(volumepath));
    for (const value of this.options.storageOpt ?? []) add('storage-opt', value);
    for (const value of this.options.runtimeFlag ?? []) add('runtime-flag', value);
    for (const value of this.options.hooksDir ?? []) add('hooks-dir', value);
    for (const value of this.options.module ?? []) add('module', value);
    for (const value of this.options.cdiSpecDir ?? []) add('cdi-spec-dir', value);
    if (isLogged('info')) add('log-level', logLevel());
    return args;
  }
}

/** Additional stores are no matter of the driver. */
function splitOptions(words: readonly string[]): { driverOptions: string[]; additional: string[] } {
  const additional = words.flatMap((word) => ADDITIONAL_STORE.exec(word)?.[1]?.split(',') ?? []);
  return { driverOptions: words.filter((word) => !ADDITIONAL_STORE.test(word)), additional };
}

function parseDriver(name: string | undefined): DriverName | undefined {
  if (name === undefined || name === '') return undefined;
  const driver = DRIVER_NAMES.find((each) => each === name);
  if (driver !== undefined) return driver;
  throw new UnsupportedError(
    `storage driver ${JSON.stringify(name)} is not supported: choose ${DRIVER_NAMES.join(', ')}`,
  );
}

/** [engine] env: for this program itself, not for containers. What the caller has set stays. */
function setEngineEnvironment(entries: readonly string[]): void {
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals <= 0)
      throw new UsageError(
        `engine.env of containers.conf: invalid entry ${JSON.stringify(entry)}: must be name=value`,
      );
    process.env[entry.slice(0, equals)] ??= entry.slice(equals + 1);
  }
}
