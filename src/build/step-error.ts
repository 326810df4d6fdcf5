import { TspodError } from '../base/errors.ts';

/** The command of a RUN has failed; its status is that of the build. */
export class StepFailedError extends TspodError {
  override readonly code: string = 'BUILD_STEP_FAILED';
  override readonly exitCode: number;

  /** `command` in docker's words, which its users' programs look for. */
  constructor(message: string, exitCode: number, command: readonly string[]) {
    const words = `The command '${command.join(' ')}' returned a non-zero code: ${exitCode}`;
    super(message, { docker: `${words}\n${message}` });
    this.exitCode = exitCode;
  }
}
