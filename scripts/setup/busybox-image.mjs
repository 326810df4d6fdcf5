import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, TSPOD } from './checkout.mjs';
import { readCommand, runCommand, tryCommand } from './run-command.mjs';
import { ensureSystemPackages } from './system-packages.mjs';
import { writeTar } from './tar-writer.mjs';
import { SetupError, tell } from './tell.mjs';

export const BUSYBOX_ARCHIVE = join(CACHE, 'busybox.tar');
const REGISTRY_PROBE = 'https://registry-1.docker.io/v2/';
const PROBE_TIMEOUT_MS = 4_000;
const PULL_TIMEOUT_MS = 120_000;

/**
 * After this `tspod run busybox` works: pulled where the registry answers, otherwise made from the host's static busybox as
 * `localhost/busybox`, which the short name finds because local images come first.
 */
export async function ensureBusyboxImage() {
  if (readCommand(TSPOD, ['image', 'exists', 'busybox']).ok) return;
  if (await isRegistryReachable()) {
    tell('pulling the image busybox');
    if (tryCommand(TSPOD, ['pull', 'busybox'], { timeout: PULL_TIMEOUT_MS })) return;
  }
  ensureSystemPackages('image');
  tell('no registry can be reached: importing the busybox of this host as localhost/busybox');
  runCommand(TSPOD, ['import', '--change', 'CMD ["sh"]', ensureBusyboxArchive(), 'localhost/busybox:latest']);
}

/** Any answer will do: a registry that asks for a token is there. */
async function isRegistryReachable() {
  try {
    await fetch(REGISTRY_PROBE, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true;
  } catch {
    return false;
  }
}

/** A root file system around the host's static busybox, as a tar; made once. */
export function ensureBusyboxArchive(archive = BUSYBOX_ARCHIVE) {
  if (!existsSync(archive)) {
    mkdirSync(dirname(archive), { recursive: true });
    writeFileSync(`${archive}.${process.pid}`, busyboxRootfs(findBusybox()));
    renameSync(`${archive}.${process.pid}`, archive);
  }
  return archive;
}

function findBusybox() {
  const candidates = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static', '/usr/bin/busybox-static'];
  for (const path of candidates) {
    if (existsSync(path) && isStatic(path)) return realpathSync(path);
  }
  throw new SetupError('no static busybox on this system: install the package busybox-static');
}

/** A dynamic executable has a program header of type PT_INTERP (3). */
export function isStatic(path) {
  const elf = readFileSync(path);
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46) return false;
  const start = Number(elf.readBigUInt64LE(32));
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  for (let index = 0; index < count; index++) {
    if (elf.readUInt32LE(start + index * size) === 3) return false;
  }
  return true;
}

function busyboxRootfs(busybox) {
  const directory = (path, mode = 0o755) => ({ path: `${path}/`, type: 'directory', mode });
  const file = (path, text) => ({ path, type: 'file', mode: 0o644, data: Buffer.from(text) });
  return writeTar([
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'var', 'var/spool'].map((path) =>
      directory(path),
    ),
    directory('root', 0o700),
    directory('tmp', 0o1777),
    { path: 'bin/busybox', type: 'file', mode: 0o755, data: readFileSync(busybox) },
    ...applets(busybox).map((name) => ({
      path: `bin/${name}`,
      type: 'hardlink',
      mode: 0o755,
      target: 'bin/busybox',
    })),
    { path: 'usr/bin/env', type: 'hardlink', mode: 0o755, target: 'bin/busybox' },
    file(
      'etc/passwd',
      [
        'root:x:0:0:root:/root:/bin/sh',
        'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
        'bin:x:2:2:bin:/bin:/bin/false',
        'www-data:x:33:33:www-data:/var/www:/bin/false',
        'nobody:x:65534:65534:nobody:/home:/bin/false',
        '',
      ].join('\n'),
    ),
    file(
      'etc/group',
      ['root:x:0:', 'daemon:x:1:', 'bin:x:2:', 'users:x:100:', 'www-data:x:33:', 'nobody:x:65534:', ''].join(
        '\n',
      ),
    ),
    file('etc/shadow', ['root:*:::::::', 'nobody:*:::::::', ''].join('\n')),
  ]);
}

function applets(busybox) {
  const { ok, stdout } = readCommand(busybox, ['--list']);
  if (!ok) throw new SetupError(`cannot list the applets of ${busybox}`);
  return stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
}

// As a program: busybox-image.mjs ARCHIVE
if (process.argv[1] === fileURLToPath(import.meta.url)) ensureBusyboxArchive(process.argv[2]);
