import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';

const LIMIT_MS = 10_000;

/** What this process has learned, by path, time and size of the binary. */
const learned = new Map<string, string | undefined>();

/**
 * `1.8.1`; undefined when the program does not say. Kept in the run root while path, time and size of the binary stay the same:
 * starting it costs milliseconds. A process that must not wait asks `learnRuntimeVersion` first.
 */
export function readRuntimeVersion(path: string, runRoot: string): string | undefined {
  const key = keyOf(path);
  if (key === undefined) return undefined;
  if (learned.has(key)) return learned.get(key);
  const known = readKnown(fileOf(runRoot))[key];
  if (known !== undefined) return known;
  return keep(
    { key, runRoot },
    spawnSync(path, ['--version'], { encoding: 'utf8', timeout: LIMIT_MS }).stdout,
  );
}

/** The same, while the process goes on with other things. Afterwards `readRuntimeVersion` knows at once, until the binary changes. */
export async function learnRuntimeVersion(path: string, runRoot: string): Promise<string | undefined> {
  const key = keyOf(path);
  if (key === undefined) return undefined;
  if (learned.has(key)) return learned.get(key);
  const known = readKnown(fileOf(runRoot))[key];
  if (known !== undefined) {
    learned.set(key, known);
    return known;
  }
  const { runProgram } = await import('../base/run-program.ts');
  const answer = await runProgram(path, ['--version'], { timeoutMs: LIMIT_MS }).catch(() => undefined);
  return keep({ key, runRoot }, answer?.stdout);
}

function keep(
  { key, runRoot }: { key: string; runRoot: string },
  answer: string | null | undefined,
): string | undefined {
  const version = /\d+\.\d+(\.\d+)?/.exec(answer ?? '')?.[0];
  learned.set(key, version);
  if (version === undefined) return undefined;
  const file = fileOf(runRoot);
  try {
    // Whoever only looks at containers after a boot comes before the first start.
    mkdirSync(runRoot, { recursive: true, mode: 0o700 });
    writeFileAtomic(file, JSON.stringify({ ...readKnown(file), [key]: version }), { durable: false });
  } catch {
    // No place to keep it: asked again next time.
  }
  return version;
}

function keyOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${path}:${stat.mtimeNs}:${stat.size}`;
}

function fileOf(runRoot: string): string {
  return join(runRoot, 'runtime-versions.json');
}

function readKnown(file: string): Record<string, string> {
  try {
    const known: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof known === 'object' && known !== null ? (known as Record<string, string>) : {};
  } catch {
    return {};
  }
}
