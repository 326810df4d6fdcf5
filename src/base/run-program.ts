import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';

export interface ChildOutput {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  input?: string | Buffer;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Killed then; its code is null. */
  timeoutMs?: number;
  /** It goes on when a key of the terminal ends us. */
  ownSession?: boolean;
  /** Descriptors that it gets from 3 on. */
  fds?: readonly number[];
}

/** Runs a program to its end while this process goes on. Rejects only when it cannot be started. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ChildOutput> {
  const { input, env, cwd, timeoutMs, ownSession = false, fds = [] } = options;
  const stdio: StdioOptions = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...fds];
  const child = spawn(program, args, {
    stdio,
    detached: ownSession,
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
  });
  // One that ends without having read everything says so by its code.
  child.stdin?.on('error', () => undefined).end(input);
  return collectOutput(child);
}

/** Waits for the end of the process, not of its output: what it leaves in the background (aardvark-dns, pasta) may keep that open. */
export function collectOutput(child: ChildProcess): Promise<ChildOutput> {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    let ended: number | null | undefined;
    const done = (): void => resolve({ code: ended ?? null, ...output });
    child.once('exit', (code) => {
      ended = code;
      // What it wrote is in the pipe; one turn of the loop reads it.
      const timer = setTimeout(done, OUTPUT_GRACE_MS);
      child.once('close', () => {
        clearTimeout(timer);
        done();
      });
    });
  });
}

const OUTPUT_GRACE_MS = 200;
