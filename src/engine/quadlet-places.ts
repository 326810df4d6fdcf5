import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { convertQuadlets, type QuadletResult } from '../systemd/quadlet.ts';
import { quadletDirectories, readQuadlets, userQuadletDirectory } from '../systemd/quadlet-files.ts';
import { ownProgram } from './own-program.ts';
import { rootlessUid } from '../base/paths.ts';
import { runProgram } from '../base/run-program.ts';

/** The Quadlet files of whoever calls, and the services they make. */
export function ownQuadlets(options: { user?: boolean } = {}): QuadletResult & { directories: string[] } {
  const uid = rootlessUid() ?? process.getuid?.() ?? 0;
  const user = options.user ?? uid !== 0;
  const directories = quadletDirectories({ user, uid, env: process.env });
  const { files, errors } = readQuadlets(directories);
  const program = ownProgram();
  const result = convertQuadlets({ program, user, files, exists: existsSync });
  return { services: result.services, errors: [...errors, ...result.errors], directories };
}

/** Where `install` puts files. */
export function installDirectory(): string {
  const [given] = (process.env['QUADLET_UNIT_DIRS'] ?? '').split(':');
  if (given) return given;
  return isUser() ? userQuadletDirectory(process.env) : join('/etc', 'containers/systemd');
}

function isUser(): boolean {
  return (rootlessUid() ?? process.getuid?.() ?? 0) !== 0;
}

/** What systemctl says; undefined where there is none, or no service manager. */
export async function systemctl(...words: string[]): Promise<string | undefined> {
  const manager = isUser() ? ['--user'] : [];
  const result = await runProgram('systemctl', [...manager, ...words]).catch(() => undefined);
  return result !== undefined && result.code !== null && (result.code === 0 || result.stdout !== '')
    ? result.stdout.trim()
    : undefined;
}
