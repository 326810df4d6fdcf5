import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './checkout.mjs';
import { DEBIAN_RELEASE, debianMirror } from './debian.mjs';
import { readCommand } from './run-command.mjs';
import { tell, warn } from './tell.mjs';

const LIMIT_MS = 300_000;

/**
 * The directory of a CRIU that works on this kernel, for the PATH of tests; undefined when there is none. An older distribution's often
 * does not know a newer kernel: then a newer Debian's is unpacked into the cache, with the libraries that it needs.
 */
export function ensureTestCriu() {
  if (process.getuid() !== 0) return undefined;
  const own = readCommand('sh', ['-c', 'command -v criu']);
  if (own.ok && works(own.stdout.trim())) return join(own.stdout.trim(), '..');
  const directory = join(CACHE, `criu-${DEBIAN_RELEASE}`);
  if (!existsSync(directory) && !unpack(directory)) return undefined;
  const bin = join(directory, 'bin');
  if (works(join(bin, 'criu'))) return bin;
  warn('tests of checkpoints are left out: no CRIU at hand works on this kernel');
  return undefined;
}

function works(program) {
  return readCommand(program, ['check'], { timeout: LIMIT_MS }).ok;
}

/** By apt, which checks signatures, in a state of its own: nothing of this system is changed. */
function unpack(directory) {
  const without = (reason) => {
    warn(`tests of checkpoints are left out: ${reason}`);
    return false;
  };
  const mirror = debianMirror();
  if (mirror === undefined) return without('CRIU is not installed, or too old for this kernel');
  tell(`unpacking the CRIU of Debian ${DEBIAN_RELEASE} for the tests`);
  const temporary = `${directory}.${process.pid}`;
  const path = (name) => join(temporary, name);
  try {
    for (const name of ['apt/lists/partial', 'apt/cache/archives/partial', 'root', 'bin'])
      mkdirSync(path(name), { recursive: true });
    writeFileSync(path('apt/sources.list'), `deb ${mirror} ${DEBIAN_RELEASE} main\n`);
    writeFileSync(path('apt/status'), '');
    const options = [
      `Dir::Etc::sourcelist=${path('apt/sources.list')}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::Lists=${path('apt/lists')}`,
      `Dir::State=${path('apt')}`,
      `Dir::State::status=${path('apt/status')}`,
      `Dir::Cache=${path('apt/cache')}`,
      'APT::Sandbox::User=root',
      'Acquire::http::Timeout=20',
      'Acquire::Retries=1',
    ].flatMap((option) => ['-o', option]);
    const apt = (...words) => readCommand('apt-get', ['-qq', ...options, ...words], { timeout: LIMIT_MS });
    for (const words of [
      ['update'],
      ['install', '-y', '--download-only', '--no-install-recommends', 'criu'],
    ]) {
      const { ok, stderr } = apt(...words);
      if (!ok) return without(`apt-get ${words[0]} failed: ${stderr.trim()}`);
    }
    const archives = path('apt/cache/archives');
    for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
      if (!readCommand('dpkg-deb', ['-x', join(archives, name), path('root')]).ok)
        return without(`${name} cannot be unpacked`);
    writeFileSync(path('bin/criu'), WRAPPER);
    chmodSync(path('bin/criu'), 0o755);
    rmSync(path('apt'), { recursive: true });
    renameSync(temporary, directory);
    return true;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** It runs on the C library beside it, not on that of this system. */
const WRAPPER = `#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
libraries=$(echo "$root"/usr/lib/*-linux-gnu)
loader=$(ls "$root"/usr/lib64/ld-linux-* "$root"/usr/lib/ld-linux-* 2>/dev/null | head -n 1)
exec "$loader" --library-path "$libraries" "$root/usr/sbin/criu" "$@"
`;
