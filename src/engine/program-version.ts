import { execFile } from 'node:child_process';

const LIMIT_MS = 5_000;

/** All that the program says with `--version`, without the licence that some print; '' when it says nothing in time. */
export function programVersion(path: string | undefined): Promise<string> {
  if (path === undefined) return Promise.resolve('');
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: LIMIT_MS, encoding: 'utf8' }, (_, stdout) => {
      const lines = stdout.split('\n');
      const end = lines.findIndex((line) => /copyright|licen[cs]e|^This is free/i.test(line));
      resolve((end < 0 ? lines : lines.slice(0, end)).join('\n').trim());
    });
  });
}
