import { TspodError } from '../base/errors.ts';

/** The command of a RUN has failed; its status is that of the build. */
export class StepFailedError extends TspodError {
  override readonly code: string = 'BUILD_STEP_FAILED';
  override readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
