const OURS = /^_TSPOD_|^TSPOD_ARGV0$|^TSPOD_SAVED_NODE_OPTIONS$/;

/**
 * The environment as the user has it: without the launcher's messages to us, and with `NODE_OPTIONS`, which the launcher
 * takes away because options for the user's own programs must not change this one. For `--env NAME`, `--env-host`, and commands
 * that are started on the user's behalf.
 */
export function originalEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const original: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(env)) {
    if (!OURS.test(name)) original[name] = value;
  }
  const saved = env['TSPOD_SAVED_NODE_OPTIONS'];
  if (saved !== undefined) original['NODE_OPTIONS'] = saved;
  return original;
}
