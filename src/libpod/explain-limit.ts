import { readFileSync } from 'node:fs';
import { InvalidSpecError, type RuntimeError } from '../base/errors.ts';
import type { ResourcesSpec } from '../specgen/container-spec.ts';

/** What docker demands; less may do for a small program, but not with each runtime and kernel. */
const USUAL_MINIMUM = 6 * 1024 * 1024;

/** The limit that a runtime failed at, where its words show that it was one; undefined for any other failure. */
export function explainLimit(
  { memory, cpusetCpus, cpusetMems }: ResourcesSpec,
  cause: RuntimeError,
): InvalidSpecError | undefined {
  const words = cause.message;
  if (memory !== undefined && memory < USUAL_MINIMUM && /memory/i.test(words))
    return new InvalidSpecError(
      `a memory limit of ${memory} bytes is too low: the runtime and what runs already need more than that`,
      { cause, hint: 'give it 6m or more, as docker demands' },
    );
  if (cpusetCpus !== undefined && /cpuset\.cpus/.test(words))
    return new InvalidSpecError(
      `CPUs ${cpusetCpus} are not available: this host has ${online('/sys/devices/system/cpu/online')}`,
      { cause },
    );
  if (cpusetMems !== undefined && /cpuset\.mems/.test(words))
    return new InvalidSpecError(
      `memory nodes ${cpusetMems} are not available: this host has ${online('/sys/devices/system/node/online')}`,
      { cause },
    );
  return undefined;
}

function online(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return 'others';
  }
}
