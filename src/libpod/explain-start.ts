import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import {
  CommandNotFoundError,
  CommandNotInvokableError,
  errnoOf,
  InvalidSpecError,
  RuntimeError,
} from '../base/errors.ts';
import { RESOLVE_IN_ROOT } from '../native/syscalls.ts';
import { explainUnexecuted } from '../oci/runtime-errors.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { explainLimit } from './explain-limit.ts';
import { ociArchitecture } from './host-facts.ts';
import { endedDonor } from './joined-namespaces.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { runtimeOf } from './runtime-of.ts';

/**
 * Adds what a look at the host tells about a failed start: a bind source that is not there, an image for another machine.
 * The error's class (and with it the exit code) stays what the runtime said, unless the look shows better.
 */
export async function explainStartFailure(
  libpod: Libpod,
  record: ContainerRecord,
  error: unknown,
): Promise<unknown> {
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
  if (error instanceof CommandNotInvokableError) return foreignProgram(libpod, record, error) ?? error;
  if (error instanceof CommandNotFoundError)
    return (await missingInterpreter(libpod, record, error)) ?? error;
  return error;
}

/** The same for a program that the kernel refused after a start that looked like a success. */
export function explainUnexecutedProgram(
  libpod: Libpod,
  record: ContainerRecord,
  words: string,
): RuntimeError {
  const error = explainUnexecuted(words, runtimeOf(libpod, record).name);
  return foreignProgram(libpod, record, error) ?? error;
}

/** A format that the kernel does not know, in an image for another machine. */
function foreignProgram(
  libpod: Libpod,
  record: ContainerRecord,
  error: RuntimeError,
): RuntimeError | undefined {
  if (!/exec format error/i.test(error.message + (error.detail ?? ''))) return undefined;
  const image = libpod.store.images.byId(record.imageId ?? '');
  if (image === undefined || image.config.architecture === ociArchitecture()) return undefined;
  const platform = `${image.config.os}/${image.config.architecture}`;
  return new CommandNotInvokableError(`${error.message}: the image is for ${platform}, not for this host`, {
    cause: error,
    hint: 'choose one with --platform, or install qemu-user-static to run it by emulation',
  });
}

/** "Not found" also means a script or program whose interpreter is missing; and that the runtime sees another root than we do. */
async function missingInterpreter(
  libpod: Libpod,
  record: ContainerRecord,
  error: RuntimeError,
): Promise<RuntimeError | undefined> {
  const command = record.spec.process.args[0];
  if (command === undefined || command === '') return undefined;
  const rootfs = await libpod.store.rootfs.mount(rootfsOptions(record));
  if (!command.startsWith('/')) return unseenProgram(libpod, record, { rootfs, command, error });
  if (!isInside(libpod, rootfs, command)) return undefined;
  return new CommandNotFoundError(
    `${error.message}: ${command} is there, but the interpreter or loader it needs is not`,
    { cause: error },
  );
}

/** A name that the container's PATH leads to after all. */
function unseenProgram(
  libpod: Libpod,
  record: ContainerRecord,
  { rootfs, command, error }: { rootfs: string; command: string; error: RuntimeError },
): RuntimeError | undefined {
  if (command.includes('/')) return undefined;
  const path = record.spec.process.env.find((word) => word.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const found = path
    .split(':')
    .map((directory) => `${directory}/${command}`)
    .find((file) => file.startsWith('/') && isInside(libpod, rootfs, file));
  if (found === undefined) return undefined;
  return new CommandNotFoundError(
    `${error.message}: ${found} is there, but not executable or out of reach for the runtime`,
    {
      cause: error,
      hint: `PATH is ${path}: look at the mode of the file and of the directories above it`,
    },
  );
}

function isInside(libpod: Libpod, rootfs: string, path: string): boolean {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    closeSync(libpod.syscalls.openat2(root, path, constants.O_RDONLY, 0, RESOLVE_IN_ROOT));
    return true;
  } catch {
    return false;
  } finally {
    closeSync(root);
  }
}
