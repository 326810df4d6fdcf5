import { basename } from 'node:path';

/** Names whose users expect that program's messages; under any other name we are tspod. */
const TAKEN_NAMES = ['docker', 'podman'];

/** What the user typed to get here: the launcher passes its own argv[0] on. */
export function programName(env: NodeJS.ProcessEnv = process.env): string {
  const name = basename(env['TSPOD_ARGV0'] ?? '');
  return TAKEN_NAMES.includes(name) ? name : 'tspod';
}
