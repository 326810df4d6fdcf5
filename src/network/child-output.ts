import type { ChildProcess } from 'node:child_process';

export interface ChildOutput {
  code: number | null;
  stdout: string;
  stderr: string;
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
