import { cpus } from 'node:os';
import { InvalidSpecError } from '../base/errors.ts';
import type { Engine } from './engine.ts';

/** More processors than there are: docker refuses them, podman leaves the limit without effect. */
export function refuseAbsentCpus({ options }: Engine, wanted: number | undefined): void {
  if (options.asDocker !== true || wanted === undefined) return;
  const count = cpus().length;
  if (wanted > count)
    throw new InvalidSpecError(
      `range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`,
    );
}
