import { rootlessUid } from '../base/paths.ts';
import { findHostUser } from '../rootless/host-users.ts';

/** Sets HOME, which services of systemd and `env -i` come without, as /etc/passwd has it. */
export function setHome(env: NodeJS.ProcessEnv = process.env): void {
  env['HOME'] = findHostUser(String(rootlessUid() ?? process.getuid?.() ?? 0)).home;
}
