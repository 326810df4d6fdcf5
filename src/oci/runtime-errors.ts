import { CommandNotFoundError, CommandNotInvokableError, RuntimeError } from '../base/errors.ts';

/**
 * What a runtime wrote on stderr as a typed error, in podman's words. The only place that reads such text. Only failures of the
 * container's own command count as "not found" or "not invokable": a missing mount source is no exit code 127.
 */
export function explainRuntimeError(text: string, runtimeName: string): RuntimeError {
  const reason = lastMessage(text) || 'it gave no reason';
  const details = { detail: text };
  const message = `${runtimeName}: ${reason}`;
  if (NOT_FOUND.some((pattern) => pattern.test(reason)))
    return new CommandNotFoundError(
      `${message}: OCI runtime attempted to invoke a command that was not found`,
      details,
    );
  if (NOT_EXECUTABLE_FORMAT.test(reason))
    return new CommandNotInvokableError(`${message}: OCI runtime error`, {
      ...details,
      hint: 'the file is no program for this machine: the image may be for another platform (see --platform), or a script lacks its #! line',
    });
  if (NOT_INVOKABLE.some((pattern) => pattern.test(reason)))
    return new CommandNotInvokableError(`${message}: OCI permission denied`, details);
  return new RuntimeError(`${message}: OCI runtime error`, details);
}

/**
 * What a runtime wrote in the program's stead when the kernel refused to execute it: that comes after a start that the runtime has
 * reported as a success.
 */
export function explainUnexecuted(text: string, runtimeName: string): RuntimeError {
  const error = explainRuntimeError(text, runtimeName);
  if (error instanceof CommandNotInvokableError) return error;
  if (error instanceof CommandNotFoundError)
    return new CommandNotFoundError(error.message, {
      detail: text,
      hint: 'the program is there, but the interpreter of its #! line or the loader it needs is not in the container',
    });
  return new CommandNotInvokableError(error.message, { detail: text });
}

/** kill, delete and state of a container that the runtime has no record of. */
export function saysNoSuchContainer(text: string): boolean {
  return /container (".*" )?does not exist|no such process|process already finished|container not running|error opening file .*\/status.*no such file|loading container.*(not exist|no such file)|does not exist/i.test(
    text,
  );
}

const NOT_FOUND = [
  // crun and runc
  /executable file .*not found in \$PATH/i,
  // runc: a path; at exec time also a script whose interpreter is missing
  /\bexec:? "?[^:]*"?: (stat [^:]*: )?no such file or directory/i,
  // exec -w
  /chdir to .*: no such file or directory/i,
  // crun
  /exec container process.*no such file or directory/i,
  /^exec: no such file or directory/i,
  /open executable: no such file or directory/i,
  /(find|stat|open|lstat) executable .*no such file or directory/i,
  // runsc
  /error finding executable .* in PATH/i,
  /failed to (load|find) .*: no such file or directory$/i,
];

const NOT_EXECUTABLE_FORMAT = /exec format error/i;

const NOT_INVOKABLE = [
  /\bexec:? "?[^:]*"?: (stat [^:]*: )?(permission denied|is a directory|operation not permitted)/i,
  /open executable: (permission denied|operation not permitted|is a directory)/i,
  /exec container process.*: (permission denied|is a directory|operation not permitted)/i,
  /the path .* is not executable|executable .*: is a directory/i,
];

/** After it come stacks and registers. */
const GO_CRASH = /^(runtime\/cgo|runtime|fatal error|panic): .+/m;

/** The last error among plain lines, JSON log lines and logrus text lines; warnings only when there is nothing else. */
function lastMessage(text: string): string {
  const [crash] = GO_CRASH.exec(text) ?? [];
  if (crash !== undefined) return crash;
  const messages = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parseLine);
  const errors = messages.filter((message) => !message.isMild);
  return (errors.at(-1) ?? messages.at(-1))?.text ?? '';
}

function parseLine(line: string): { text: string; isMild: boolean } {
  if (line.startsWith('{')) {
    try {
      const entry = JSON.parse(line) as { level?: unknown; msg?: unknown };
      if (typeof entry.msg === 'string')
        return { text: entry.msg.trim(), isMild: isMild(String(entry.level)) };
    } catch {
      // Not a log line after all.
    }
  }
  const logrus = /level=(\w+) msg=("(?:[^"\\]|\\.)*")/.exec(line);
  if (logrus?.[1] !== undefined && logrus[2] !== undefined)
    return { text: unquote(logrus[2]), isMild: isMild(logrus[1]) };
  // crun -v and --log: `2026-01-02T03:04:05.678Z: text`
  return { text: line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z:? /, ''), isMild: false };
}

function isMild(level: string): boolean {
  return ['warning', 'warn', 'info', 'debug', 'trace'].includes(level);
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
