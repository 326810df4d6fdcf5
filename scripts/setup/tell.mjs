/** All words of the set-up go to stderr: stdout belongs to the command that follows it. */
export function tell(text) {
  process.stderr.write(`==> ${text}\n`);
}

export function warn(text) {
  process.stderr.write(`warning: ${text}\n`);
}

/** A state of the machine that the user has to change; the message says how. Ends the script with exit code 1, without a stack. */
export class SetupError extends Error {}

/** Runs the main function of a script; its number becomes the exit code. */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(
      error instanceof SetupError ? `error: ${error.message}\n` : `${error?.stack ?? error}\n`,
    );
    process.exitCode = 1;
  }
}
