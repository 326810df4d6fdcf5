/** Paths and words that the engine and the monitor agree on; the monitor's side is described in protocol.md. */

/** The run-time directory of a container: its OCI bundle. May vanish with the run root. */
export function bundlePaths(bundle: string): BundlePaths {
  return {
    bundle,
    config: `${bundle}/config.json`,
    pidFile: `${bundle}/pidfile`,
    monitorPidFile: `${bundle}/conmon.pid`,
    attach: `${bundle}/attach`,
    control: `${bundle}/ctl`,
    oom: `${bundle}/oom`,
    stopper: `${bundle}/stopper`,
  };
}

export interface BundlePaths {
  bundle: string;
  config: string;
  pidFile: string;
  monitorPidFile: string;
  attach: string;
  control: string;
  oom: string;
  stopper: string;
}

/** First byte of a packet on the attach socket. */
export const STDOUT_PACKET = 2;
export const STDERR_PACKET = 3;

/** What the monitor says on its sync pipe: a pid (or the exit code of an exec), or -1 with the reason. */
export interface SyncMessage {
  data: number;
  message: string | undefined;
}

export function parseSyncLine(line: string): SyncMessage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || !('data' in json) || typeof json.data !== 'number')
    return undefined;
  return {
    data: json.data,
    message: 'message' in json && typeof json.message === 'string' ? json.message : undefined,
  };
}

/** What the monitor says on its exit pipe after the exit file is there. */
export interface ExitMessage {
  exitCode: number;
  oom: boolean;
  /** The program never ran: the runtime's words about it. */
  unexecuted: string | undefined;
}

export function parseExitLine(line: string): ExitMessage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (
    typeof json !== 'object' ||
    json === null ||
    !('exit_code' in json) ||
    typeof json.exit_code !== 'number'
  )
    return undefined;
  return {
    exitCode: json.exit_code,
    oom: 'oom' in json && json.oom === true,
    unexecuted: 'unexecuted' in json && typeof json.unexecuted === 'string' ? json.unexecuted : undefined,
  };
}

/** Answer on the exit pipe: this process does the clean-up, the exit command is not needed. */
export const TAKE_CLEANUP = 'c';
