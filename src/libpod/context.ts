import type { RuntimeConfig } from '../base/containers-conf.ts';
import type { Paths } from '../base/paths.ts';
import type { Syscalls } from '../native/syscalls.ts';
import type { Database } from '../state/db.ts';
import type { Store } from '../storage/store.ts';

/** What the functions of this room work on. The engine satisfies it. */
export interface Libpod {
  readonly paths: Paths;
  readonly db: Database;
  readonly store: Store;
  readonly syscalls: Syscalls;
  readonly config: RuntimeConfig;
  /** Where hook definitions are looked for. */
  readonly hooksDirectories: readonly string[];
  /** Where specifications of CDI devices are looked for. */
  readonly cdiDirectories: readonly string[];
  /** `--runtime`, `--runtime-flag` and `--cgroup-manager` as given; absent: configuration decides. */
  readonly runtimeOptions: {
    runtime: string | undefined;
    runtimeFlags: readonly string[];
    cgroupManager: string | undefined;
  };
  /** Command that the monitor starts when a container has ended and nobody is attached: program and leading arguments. */
  readonly cleanupCommand: readonly string[];
  readonly monitorProgram: string;
  /** A static program that, called `pause`, waits until it is told to end. */
  readonly pauseProgram: string;
  /** The monitor is a real conmon, without tspod's additions. */
  readonly foreignMonitor: boolean;
}
