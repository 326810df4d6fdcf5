import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';

/**
 * `1.8.1`; undefined when the program does not say. Kept in the run root while path, time and size of the binary stay the same:
 * starting it costs milliseconds.
 */
export function readRuntimeVersion(path: string, runRoot: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const file = join(runRoot, 'runtime-versions.json');
  const key = `${path}:${stat.mtimeNs}:${stat.size}`;
  const known = readKnown(file);
  const cached = known[key];
  if (cached !== undefined) return cached;
  const answer = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const version = /\d+\.\d+(\.\d+)?/.exec(answer.stdout ?? '')?.[0];
  if (version === undefined) return undefined;
  try {
    writeFileAtomic(file, JSON.stringify({ ...known, [key]: version }), { durable: false });
  } catch {
    // No run root yet: asked again next time.
  }
  return version;
}

function readKnown(file: string): Record<string, string> {
  try {
    const known: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof known === 'object' && known !== null ? (known as Record<string, string>) : {};
  } catch {
    return {};
  }
}
