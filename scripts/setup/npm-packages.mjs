import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMusl } from '../build/native-parts.mjs';
import { BUNDLED_NODE, CHECKOUT } from './checkout.mjs';
import { readCommand, runCommand } from './run-command.mjs';
import { SetupError, tell } from './tell.mjs';

const OLDEST_OWN_NODE = 24;

/**
 * `npm ci` when what is installed is not what package-lock.json says; then there must be a Node for tspod. No install scripts:
 * native packages come compiled, and npm would compile the database binding anew, for another Node.
 */
export function ensureNpmPackages() {
  if (!matchesLock(readJson(join(CHECKOUT, 'package-lock.json')), installedLock())) {
    tell('installing npm packages, and the Node.js that tspod runs on');
    const [program, ...prefix] = npmCommand();
    runCommand(
      program,
      [
        ...prefix,
        'ci',
        '--ignore-scripts',
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ],
      { cwd: CHECKOUT },
    );
  }
  if (!existsSync(BUNDLED_NODE) && !isPathNodeNewEnough()) {
    throw new SetupError(
      `no Node.js for tspod: the npm package node-linux-${process.arch} is not there, and the node on PATH is older than ${OLDEST_OWN_NODE}`,
    );
  }
}

/**
 * Compares package-lock.json with the record that npm keeps of what it installed. An optional package may be absent: npm leaves
 * out those for other machines.
 */
export function matchesLock(wanted, installed, arch = process.arch) {
  if (wanted === undefined || installed === undefined) return false;
  for (const [path, entry] of Object.entries(wanted.packages ?? {})) {
    if (path === '' || entry.link) continue;
    const found = installed.packages?.[path];
    if (found === undefined) {
      const isOptional = entry.optional === true || entry.devOptional === true || entry.peer === true;
      if (!isOptional || isForThisMachine(path, entry, arch)) return false;
    } else if (found.version !== entry.version || found.integrity !== entry.integrity) return false;
  }
  return true;
}

/** What tspod runs on: Node, and Bun for the quick program, which there is for glibc only. */
function isForThisMachine(path, { cpu = [], libc = [] }, arch) {
  const runsTspod = /^node_modules\/(?:node-linux-|@oven\/bun-linux-)/.test(path);
  return runsTspod && cpu.includes(arch) && !(isMusl() && libc.includes('glibc'));
}

function installedLock() {
  if (!existsSync(BUNDLED_NODE) && !isPathNodeNewEnough()) return undefined;
  return readJson(join(CHECKOUT, 'node_modules/.package-lock.json'));
}

function isPathNodeNewEnough() {
  const { ok, stdout } = readCommand('node', ['--version']);
  return ok && Number.parseInt(stdout.slice(1), 10) >= OLDEST_OWN_NODE;
}

/** The npm that runs this script, if one does: it need not be on PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  return npm !== undefined && /npm-cli\.c?js$/.test(npm) && existsSync(npm)
    ? [process.execPath, npm]
    : ['npm'];
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
