import type { Engine } from '../../../engine/engine.ts';
import { kubeDown, type Removal } from '../../../engine/kube-down.ts';
import { printLine } from '../../output/print.ts';

/** Prints what has gone, as podman does. Throws AggregateError with what has not. Returns the exit codes of pods that had ended. */
export async function takeDown(engine: Engine, text: string, force: boolean): Promise<number[]> {
  const { stopped, removed, secrets, volumes, codes } = await kubeDown(engine, text, force);
  const failures: unknown[] = [];
  const show = (title: string, list: readonly Removal[]): void => {
    printLine(title);
    for (const { id, failure } of list)
      if (failure === undefined) printLine(id);
      else failures.push(...(failure instanceof AggregateError ? failure.errors : [failure]));
  };
  show('Pods stopped:', stopped);
  show('Pods removed:', removed);
  show('Secrets removed:', secrets);
  show('Volumes removed:', volumes);
  if (failures.length > 0) throw new AggregateError(failures);
  return codes;
}
