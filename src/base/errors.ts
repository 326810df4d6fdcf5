import { getSystemErrorMap } from 'node:util';

/**
 * The error hierarchy of tspod. The class decides exit code and HTTP status; nobody reads message text to decide.
 * Messages: lower case, no full stop, they name the object and the attempt; the cause follows a colon.
 */

export interface ErrorDetails {
  /** What the reader can do about it, one sentence, printed on a line of its own. */
  hint?: string;
  /** docker's words for it, where scripts look for them; told in place of the message when called as docker. */
  docker?: string;
  cause?: unknown;
}

export class TspodError extends Error {
  /** Stable, upper-case identifier for scripts, e.g. `NOT_FOUND`. */
  readonly code: string = 'ERROR';
  readonly exitCode: number = 125;
  readonly httpStatus: number = 500;
  readonly hint: string | undefined;
  readonly dockerMessage: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(removeSecrets(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
    this.dockerMessage = details.docker;
  }
}

/** Bad flag, bad argument count, exclusive flags. */
export class UsageError extends TspodError {
  override readonly code: string = 'USAGE';
  override readonly httpStatus: number = 400;
}

/** Well-formed input that cannot be honoured. */
export class InvalidSpecError extends TspodError {
  override readonly code: string = 'INVALID_SPEC';
  override readonly httpStatus: number = 400;
}

/** The process was to have a user, group or working directory that the container's files do not have. */
export class NotInRootfsError extends InvalidSpecError {}

export type ObjectKind =
  | 'container'
  | 'image'
  | 'volume'
  | 'network'
  | 'quadlet'
  | 'pod'
  | 'exec session'
  | 'layer'
  | 'blob'
  | 'secret'
  | 'file'
  | 'context'
  | 'device'
  | 'link'
  | 'checkpoint'
  | 'page'
  | 'plugin';

export class NotFoundError extends TspodError {
  override readonly code: string = 'NOT_FOUND';
  override readonly httpStatus: number = 404;
  readonly kind: ObjectKind;
  readonly objectName: string;

  constructor(kind: ObjectKind, objectName: string, details: ErrorDetails & { message?: string } = {}) {
    super(details.message ?? `no such ${kind}: ${objectName}`, details);
    this.kind = kind;
    this.objectName = objectName;
  }
}

export class ConflictError extends TspodError {
  override readonly code: string = 'CONFLICT';
  override readonly httpStatus: number = 409;
}
export class AlreadyExistsError extends ConflictError {
  override readonly code: string = 'ALREADY_EXISTS';
}
/** The message says by whom the object is in use. */
export class InUseError extends ConflictError {
  override readonly code: string = 'IN_USE';
}
/** The message says what state the object is in and which one was wanted. */
export class WrongStateError extends ConflictError {
  override readonly code: string = 'WRONG_STATE';
}

/** Needs root, cgroup v2, a missing program, or an option that is not available: the hint says what to do. */
export class UnsupportedError extends TspodError {
  override readonly code: string = 'UNSUPPORTED';
  override readonly httpStatus: number = 501;
}

export class PermissionError extends TspodError {
  override readonly code: string = 'PERMISSION';
  override readonly httpStatus: number = 403;
}

export class RegistryError extends TspodError {
  override readonly code: string = 'REGISTRY';
  override readonly httpStatus: number = 502;
  /** HTTP status of the registry's answer; undefined when none came. */
  readonly status: number | undefined;

  constructor(message: string, details: ErrorDetails & { status?: number | undefined } = {}) {
    super(message, details);
    this.status = details.status;
  }
}
export class RegistryAuthError extends RegistryError {
  override readonly code: string = 'REGISTRY_AUTH';
  override readonly httpStatus: number = 401;
}

export class StorageError extends TspodError {
  override readonly code: string = 'STORAGE';
}
/** Content is not what its digest says, or an archive is malformed. */
export class IntegrityError extends StorageError {
  override readonly code: string = 'INTEGRITY';
}
export class IncompleteLayerError extends StorageError {
  override readonly code: string = 'INCOMPLETE_LAYER';
}

export class LockError extends TspodError {
  override readonly code: string = 'LOCK';
  override readonly httpStatus: number = 503;
}
export class LockTimeoutError extends LockError {
  override readonly code: string = 'LOCK_TIMEOUT';
}
export class LockLostError extends LockError {
  override readonly code: string = 'LOCK_LOST';
}

/** The OCI runtime failed; its own words are kept in `detail`. */
export class RuntimeError extends TspodError {
  override readonly code: string = 'RUNTIME';
  readonly detail: string | undefined;

  constructor(message: string, details: ErrorDetails & { detail?: string } = {}) {
    super(message, details);
    this.detail = details.detail;
  }
}
export class CommandNotInvokableError extends RuntimeError {
  override readonly code: string = 'COMMAND_NOT_INVOKABLE';
  override readonly exitCode: number = 126;
  override readonly httpStatus: number = 400;
}
export class CommandNotFoundError extends RuntimeError {
  override readonly code: string = 'COMMAND_NOT_FOUND';
  override readonly exitCode: number = 127;
  override readonly httpStatus: number = 400;
}

/** The monitor did not start or reported a failure of its own. */
export class MonitorError extends TspodError {
  override readonly code: string = 'MONITOR';
}

/** The text of any thrown value, without a stack; that of a system call's failure as other programs say it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Every runtime has words of its own for what JSON.parse does not take.
  if (error instanceof SyntaxError && error.message.includes('JSON')) return 'not valid JSON';
  return error instanceof TspodError || errnoOf(error) === undefined ? error.message : systemMessage(error);
}

/** `ENOENT: no such file or directory, open '/x'` → `open /x: no such file or directory`. */
function systemMessage({ message, errno }: NodeJS.ErrnoException): string {
  const parts = /^E[A-Z0-9]+: ([^,]+), (\w+)(?: '([\s\S]*?)')?(?: -> '([\s\S]*)')?$/.exec(message);
  if (parts !== null) {
    const [, reason = '', call = '', from, to] = parts;
    const objects = [from, to].filter((each) => each !== undefined && each !== '').join(' ');
    return objects === '' ? `${call}: ${reason}` : `${call} ${objects}: ${reason}`;
  }
  // `spawn /x ENOENT`, `connect ECONNREFUSED 127.0.0.1:80`
  const [, call = '', before = '', name = '', after = ''] =
    /^(\w+)(?: ([\s\S]*))? (E[A-Z]+)(?: ([\s\S]*))?$/.exec(message) ?? [];
  const reason = name === 'ENOTFOUND' ? 'no such host' : errno && getSystemErrorMap().get(errno)?.[1];
  if (name === '' || !reason) return message;
  return `${[call, before, after].filter((word) => word !== '').join(' ')}: ${reason}`;
}

/** The errno name (`ENOENT`, …) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The other end of a connection has gone, or this process has closed it. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.has(errnoOf(error) ?? '');
}

const LOST = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR']);

/** Blanks user info in URLs and bearer/basic tokens; errors may quote registry answers and request lines. */
function removeSecrets(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, '$1***@')
    .replace(/\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}/gi, '$1 ***');
}

export type ErrorClassName =
  | 'UsageError'
  | 'InvalidSpecError'
  | 'NotInRootfsError'
  | 'NotFoundError'
  | 'AlreadyExistsError'
  | 'InUseError'
  | 'WrongStateError'
  | 'UnsupportedError'
  | 'PermissionError'
  | 'RegistryError'
  | 'StorageError'
  | 'RuntimeError'
  | 'MonitorError';
