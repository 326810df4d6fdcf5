import { UsageError } from '../../../base/errors.ts';
import { log } from '../../../base/log.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandInput } from '../../command.ts';

/** docker's client ends with 1 where it has asked nothing of the engine yet, also as `docker run`. */
class NoTerminalError extends UsageError {
  override readonly exitCode: number = 1;
}

/** `-it` with a pipe as input: podman warns and goes on, docker refuses. */
export function checkTerminal(engine: Engine, input: CommandInput): void {
  const { tty, interactive, detach } = input.flags;
  if (tty !== true || interactive !== true || detach === true || engine.syscalls.isatty(0)) return;
  if (input.asDocker) throw new NoTerminalError('the input device is not a TTY');
  log('warn', 'The input device is not a TTY. The --tty and --interactive flags might not work properly');
}
