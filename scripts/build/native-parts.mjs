import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Runs make for the addon, the launcher and the monitor; a failure stops the build with make's own output. */
export function makeNativeParts(root, dist) {
  const include = join(nodePackage(root), 'include/node');
  make(join(root, 'src/native/addon'), join(dist, 'native/tspod.node'), [`NODE_INCLUDE=${include}`]);
  make(join(root, 'src/rootless/launcher'), join(root, 'bin/tspod'));
  make(join(root, 'src/conmon/monitor'), join(root, 'bin/tspod-monitor'));
}

/** SQLite's binding comes compiled with its package; the bundle has no node_modules to look for it in. */
export function copyPackageBinding(root, dist) {
  const libc = isMusl() ? 'linuxmusl' : 'linux';
  const source = join(root, `node_modules/better-sqlite3/prebuilds/${libc}-${process.arch}.node`);
  const target = join(dist, 'native/sqlite.node');
  if (!existsSync(source))
    throw new Error(`${source} is missing: better-sqlite3 is not installed for ${process.arch}`);
  if (existsSync(target) && statSync(target).size === statSync(source).size) {
    if (readFileSync(target).equals(readFileSync(source))) return;
  }
  mkdirSync(join(dist, 'native'), { recursive: true });
  // By rename: a running process keeps the file that it has mapped.
  copyFileSync(source, `${target}.new`);
  renameSync(`${target}.new`, target);
}

/** The npm package that holds the bundled Node: binary and headers. */
export function nodePackage(root) {
  const directory = join(root, `node_modules/node-linux-${process.arch}`);
  if (!existsSync(directory)) throw new Error(`${directory} is missing: run npm install`);
  return directory;
}

function make(directory, output, variables = []) {
  if (!existsSync(join(directory, 'Makefile'))) throw new Error(`${directory} has no Makefile`);
  const args = ['--no-print-directory', '-s', '-C', directory, `OUT=${output}`, ...variables];
  const result = spawnSync('make', args, { encoding: 'utf8', env: { ...process.env, MAKEFLAGS: '' } });
  if (result.error !== undefined) throw new Error(`cannot run make: ${result.error.message}`);
  if (result.status !== 0) {
    process.stderr.write(result.stdout + result.stderr);
    throw new Error(`make in ${directory} failed`);
  }
}

export function isMusl() {
  return /\/ld-musl-[^/\s]*\.so/.test(readFileSync('/proc/self/maps', 'latin1'));
}
