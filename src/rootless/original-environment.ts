const OURS = /^_TSPOD_|^TSPOD_ARGV0$/;
const SAVED = /^TSPOD_SAVED_(.*)$/;

/**
 * The environment as the user has it: without the launcher's messages to us, and with `NODE_OPTIONS` and the like, which the launcher
 * takes away because options for the user's own programs must not change this one. For `--env NAME`, `--env-host`, and commands
 * that are started on the user's behalf.
 */
export function originalEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const original: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(env)) {
    const saved = SAVED.exec(name)?.[1];
    if (!OURS.test(name)) original[saved ?? name] = value;
  }
  return original;
}
