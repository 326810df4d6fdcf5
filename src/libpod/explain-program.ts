import { CommandNotFoundError, CommandNotInvokableError, type RuntimeError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { OciProcess } from '../oci/runtime-spec.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { readBundleConfig } from './exec-process.ts';
import { ociArchitecture } from './host-facts.ts';
import { type Finding, inspectProgram } from './inspect-program.ts';
import { type InsideView, viewOfProcess, viewOfRootfs } from './inside-view.ts';
import { rootfsOptions } from './rootfs-options.ts';

/** Failures of a runtime that have to do with the program or where it begins, though it did not say so by its class. */
const ABOUT_PROGRAM = /\b(chdir|cwd|eaccess|execve?)\b|mkdir .*not a directory/i;

/**
 * What a look into the container's files tells about a program that could not be executed: the runtime's error with the cause, what
 * to do, and the exit code that goes with it; the error itself when there is nothing to find.
 */
export async function explainFirstProgram(
  libpod: Libpod,
  record: ContainerRecord,
  error: RuntimeError,
): Promise<RuntimeError> {
  if (!isAboutProgram(error)) return error;
  return await unlessItFails(error, async () => {
    // Mounting it anew would leave a mount behind that nobody takes away.
    if (!libpod.store.rootfs.isMounted(record.id) && record.spec.rootfs === undefined) return error;
    const { process, mounts } = readBundleConfig(libpod, record);
    const rootfs = await libpod.store.rootfs.mount(rootfsOptions(record));
    const view = viewOfRootfs(libpod.syscalls, rootfs, mounts);
    return explained(libpod, record, { error, process, view, makesWorkdir: true });
  });
}

/** The same for an exec session: its container runs. */
export async function explainExecProgram(
  libpod: Libpod,
  record: ContainerRecord,
  failed: { error: RuntimeError; process: OciProcess },
): Promise<RuntimeError> {
  const { error, process } = failed;
  const { pid } = record;
  if (pid === undefined || !isAboutProgram(error)) return error;
  return await unlessItFails(error, () => {
    const view = viewOfProcess(libpod.syscalls, pid);
    return explained(libpod, record, { error, process, view, makesWorkdir: false });
  });
}

function isAboutProgram(error: RuntimeError): boolean {
  return (
    error instanceof CommandNotFoundError ||
    error instanceof CommandNotInvokableError ||
    ABOUT_PROGRAM.test(error.message)
  );
}

/** A look that fails must not hide what was to be explained. */
async function unlessItFails(
  error: RuntimeError,
  look: () => RuntimeError | Promise<RuntimeError>,
): Promise<RuntimeError> {
  try {
    return await look();
  } catch (failure) {
    log('debug', `cannot look for the cause: ${String(failure)}`);
    return error;
  }
}

function explained(
  libpod: Libpod,
  record: ContainerRecord,
  facts: { error: RuntimeError; process: OciProcess; view: InsideView; makesWorkdir: boolean },
): RuntimeError {
  const { error, process, view, makesWorkdir } = facts;
  const [command] = process.args;
  if (command === undefined || command === '') return error;
  const image = libpod.store.images.byId(record.imageId ?? '')?.config;
  const isForeign = image !== undefined && image.architecture !== ociArchitecture();
  const finding =
    inspectProgram(view, {
      command,
      path: process.env.find((word) => word.startsWith('PATH='))?.slice('PATH='.length),
      workdir: process.cwd,
      user: record.spec.userNamespace === undefined ? process.user : undefined,
      architecture: ociArchitecture(),
      foreignPlatform: isForeign ? `${image.os}/${image.architecture}` : undefined,
      makesWorkdir,
    }) ?? deniedByPolicy(error, process);
  return finding === undefined ? error : withFinding(error, finding);
}

/** Nothing in the files is in the way, and yet it was denied. */
export function deniedByPolicy(
  error: RuntimeError,
  { apparmorProfile, selinuxLabel }: Pick<OciProcess, 'apparmorProfile' | 'selinuxLabel'>,
): Finding | undefined {
  if (!/permission denied|not permitted/i.test(error.message)) return undefined;
  if (apparmorProfile !== undefined && apparmorProfile !== 'unconfined')
    return {
      exit: 'not-invokable',
      cause: `the file's mode allows it, so that the AppArmor profile ${apparmorProfile} must be what forbids it`,
      hint: 'the log of the kernel says what was denied (dmesg); --security-opt apparmor=unconfined runs without the profile',
    };
  if (selinuxLabel !== undefined && selinuxLabel !== '')
    return {
      exit: 'not-invokable',
      cause: `the file's mode allows it, so that SELinux must be what forbids it to ${selinuxLabel}`,
      hint: 'the audit log says what was denied (ausearch -m avc); volumes need :z or :Z, --security-opt label=disable runs without labels',
    };
  return undefined;
}

function withFinding(error: RuntimeError, finding: Finding): RuntimeError {
  const { exit, hint = error.hint } = finding;
  const cause = (/not found in \$PATH/i.test(error.message) && finding.searched) || finding.cause;
  const details = {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
  };
  const message = `${error.message}: ${cause}`;
  return exit === 'not-found'
    ? new CommandNotFoundError(message, details)
    : new CommandNotInvokableError(message, details);
}
