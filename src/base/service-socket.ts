import { join } from 'node:path';
import { rootlessUid } from './paths.ts';

/** Where `system service` listens unless it is told otherwise. */
export function serviceSocket(): string {
  const uid = rootlessUid();
  if (uid === undefined) return '/run/tspod/tspod.sock';
  const directory = process.env['XDG_RUNTIME_DIR'];
  if (directory !== undefined && directory !== '') return join(directory, 'tspod/tspod.sock');
  return join(process.env['_TSPOD_RUNTIME_DIR'] || `/run/user/${uid}/tspod`, 'tspod.sock');
}
