import { existsSync, readdirSync } from 'node:fs';
import { runCommand, tryCommand } from './run-command.mjs';

const QUIET_APT = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBIAN_PRIORITY: 'critical',
  NEEDRESTART_SUSPEND: '1',
};
/** Somebody else's apt run is waited for, for two minutes. */
const APT_OPTIONS = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2', '-o', 'APT::Color=0'];

/** One record per package manager: its program, how it installs, and how it refreshes its lists. */
const MANAGERS = [
  {
    name: 'apt',
    program: '/usr/bin/apt-get',
    install: ['apt-get', 'install', '-y', '--no-install-recommends'],
    extra: ['-qq', '-o', 'Dpkg::Use-Pty=0', ...APT_OPTIONS],
    update: ['apt-get', 'update', '-qq', ...APT_OPTIONS],
    env: QUIET_APT,
    needsUpdate: () => !folderHas('/var/lib/apt/lists', /_Packages|_InRelease/),
  },
  {
    name: 'dnf',
    program: '/usr/bin/dnf',
    install: ['dnf', 'install', '-y', '--setopt=install_weak_deps=False'],
    extra: ['-q'],
  },
  {
    name: 'zypper',
    program: '/usr/bin/zypper',
    install: ['zypper', '--non-interactive', 'install', '--no-recommends'],
    extra: [],
    update: ['zypper', '--non-interactive', 'refresh'],
  },
  {
    name: 'pacman',
    program: '/usr/bin/pacman',
    install: ['pacman', '-S', '--noconfirm', '--needed'],
    extra: [],
    update: ['pacman', '-Sy', '--noconfirm'],
    needsUpdate: () => !folderHas('/var/lib/pacman/sync', /\.db$/),
  },
  {
    name: 'apk',
    program: '/sbin/apk',
    install: ['apk', 'add'],
    extra: ['--quiet'],
    update: ['apk', 'update', '--quiet'],
  },
];

/** The package manager of this host, or undefined. */
export function findPackageManager(exists = existsSync) {
  return MANAGERS.find((manager) => exists(manager.program));
}

/** What an administrator has to type. */
export function installCommand(manager, packages) {
  return ['sudo', ...manager.install, ...packages].join(' ');
}

/**
 * Installs packages; the lists are refreshed when there are none or when the first try fails. Returns false when not all of
 * them could be installed.
 */
export function installPackages(manager, packages) {
  const [program, ...args] = [...manager.install, ...manager.extra, ...packages];
  const install = () => tryCommand(program, args, { env: manager.env });
  const update = () => {
    const [updater, ...options] = manager.update ?? ['true'];
    runCommand(updater, options, { env: manager.env });
  };
  if (manager.needsUpdate?.()) update();
  if (install()) return true;
  if (manager.update === undefined) return false;
  update();
  return install();
}

function folderHas(folder, pattern) {
  try {
    return readdirSync(folder).some((name) => pattern.test(name));
  } catch {
    return false;
  }
}
