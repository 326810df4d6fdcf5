import { existsSync } from 'node:fs';
import { findPackageManager, installCommand, installPackages } from './package-manager.mjs';
import { REQUIREMENTS } from './requirements.mjs';
import { readCommand } from './run-command.mjs';
import { SetupError, tell, warn } from './tell.mjs';

/**
 * Installs what is missing of a set of requirements (`start`, `image`, `test`). Without root it names the command that
 * installs it, and throws if something essential is missing.
 */
export function ensureSystemPackages(set, { isRoot = process.getuid() === 0, exists = existsSync } = {}) {
  let missing = findMissing(REQUIREMENTS[set], exists);
  if (missing.length === 0) return;
  const manager = findPackageManager(exists);
  const packages = manager === undefined ? [] : packageNames(missing, manager);
  if (isRoot && packages.length > 0) {
    tell(`installing system packages with ${manager.name}: ${packages.join(' ')}`);
    install(manager, packages, missing);
    missing = findMissing(missing, exists);
  }
  report(missing, { isRoot, manager });
}

export function findMissing(requirements, exists = existsSync) {
  return requirements.filter(({ files }) => !files.some((file) => exists(file)));
}

export function packageNames(requirements, manager) {
  const names = requirements
    .map(({ packages }) => packages[manager.name])
    .filter((name) => name !== undefined);
  return [...new Set(names)];
}

/** All at once; when one of them does not exist in this release, one by one, so that the others still come. */
function install(manager, packages, missing) {
  const services = servicesBefore();
  if (!installPackages(manager, packages) && packages.length > 1) {
    for (const { name, packages: names } of missing) {
      const wanted = names[manager.name];
      if (wanted !== undefined && !installPackages(manager, [wanted])) warn(`${name} could not be installed`);
    }
  }
  stopNewServices(services);
}

/** Debian starts a registry as soon as its package is installed; nobody asked for that. */
const UNWANTED_SERVICES = ['docker-registry.service'];

function servicesBefore() {
  if (!existsSync('/run/systemd/system')) return undefined;
  return new Set(UNWANTED_SERVICES.filter((unit) => readCommand('systemctl', ['cat', unit]).ok));
}

function stopNewServices(before) {
  if (before === undefined) return;
  for (const unit of UNWANTED_SERVICES) {
    if (!before.has(unit) && readCommand('systemctl', ['cat', unit]).ok) {
      readCommand('systemctl', ['disable', '--now', unit]);
    }
  }
}

function report(missing, { isRoot, manager }) {
  if (missing.length === 0) return;
  const essential = missing.filter((requirement) => isEssential(requirement, isRoot));
  const list = (items) => items.map(({ name, purpose }) => `${name} (${purpose})`).join(', ');
  const advice = (items) => {
    const names = manager === undefined ? [] : packageNames(items, manager);
    if (names.length === 0) return 'install it by hand';
    return `an administrator has to run:\n  ${installCommand(manager, names)}`;
  };
  if (essential.length > 0) {
    throw new SetupError(`missing on this system: ${list(missing)}\n${advice(missing)}`);
  }
  warn(`missing on this system: ${list(missing)}\n${advice(missing)}`);
}

function isEssential({ essential }, isRoot) {
  return essential === true || (essential === 'user' && !isRoot);
}
