import { lstatSync } from 'node:fs';
import { errnoOf, InvalidSpecError, MonitorError, RuntimeError, WrongStateError } from '../base/errors.ts';
import { explainUnexecuted } from '../oci/runtime-errors.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import type { Libpod } from './context.ts';
import { explainLimit } from './explain-limit.ts';
import { endedDonor } from './joined-namespaces.ts';
import { runtimeOf } from './runtime-of.ts';

/**
 * Adds what a look at the host and into the container tells about a failed start: a bind source that is not there, a program that
 * cannot be executed, a container whose namespaces are to be joined and that has ended.
 * The error's class (and with it the exit code) stays what the runtime said, unless the look shows better.
 */
export async function explainStartFailure(
  libpod: Libpod,
  record: ContainerRecord,
  error: unknown,
): Promise<unknown> {
  if (error instanceof MonitorError && getContainer(libpod.db, record.id)?.stoppedByUser) {
    const message = `container ${record.id} was removed by another process while it was being started`;
    return new WrongStateError(message, { cause: error });
  }
  if (!(error instanceof RuntimeError)) return error;
  for (const mount of record.spec.mounts) {
    if (mount.type !== 'bind') continue;
    try {
      lstatSync(mount.source);
    } catch (failure) {
      if (errnoOf(failure) === 'ENOENT') {
        return new InvalidSpecError(
          `statfs ${mount.source}: no such file or directory: cannot mount it at ${mount.destination}`,
          {
            cause: error,
            hint: 'create it first, or check the path: only `docker run -v` makes directories by itself',
          },
        );
      }
    }
  }
  const donor = endedDonor(libpod, record);
  if (donor !== undefined) return donor;
  const limit = explainLimit(record.spec.resources, error);
  if (limit !== undefined) return limit;
  return await (await import('./explain-program.ts')).explainFirstProgram(libpod, record, error);
}

/** The same for a program that the kernel refused after a start that looked like a success. */
export async function explainUnexecutedProgram(
  libpod: Libpod,
  record: ContainerRecord,
  words: string,
): Promise<RuntimeError> {
  const error = explainUnexecuted(words, runtimeOf(libpod, record).name);
  return await (await import('./explain-program.ts')).explainFirstProgram(libpod, record, error);
}
