// npm run install:system     PREFIX=/usr/local DESTDIR=: a tspod that needs neither this checkout nor npm
// npm run uninstall:system   removes exactly what install:system has put there
import { join, resolve } from 'node:path';
import { collectFiles } from './install/collect-files.mjs';
import { installFiles, readManifest, removeFiles } from './install/installed-tree.mjs';
import { ensureBuilt } from './setup/built-tree.mjs';
import { bestNode, CHECKOUT } from './setup/checkout.mjs';
import { ensureNpmPackages } from './setup/npm-packages.mjs';
import { runCommand } from './setup/run-command.mjs';
import { runScript, SetupError, tell } from './setup/tell.mjs';

await runScript(() => {
  const action = process.argv[2] ?? 'install';
  const prefix = resolve('/', process.env.PREFIX || '/usr/local');
  const target = process.env.DESTDIR ? join(resolve(process.env.DESTDIR), prefix) : prefix;
  if (action === 'install') return install(prefix, target);
  if (action === 'uninstall') return uninstall(target);
  throw new SetupError(
    'usage: node scripts/install-system.mjs install|uninstall (environment: PREFIX, DESTDIR)',
  );
});

function install(prefix, target) {
  ensureNpmPackages();
  ensureBuilt();
  runCommand(bestNode(), [join(CHECKOUT, 'scripts/generate.mjs')], { cwd: CHECKOUT });
  const files = collectFiles(prefix);
  withPermission(target, 'install', () => installFiles(target, files));
  tell(`installed ${files.length} files: ${join(target, 'bin/tspod')}`);
  if (target === prefix && !(process.env.PATH ?? '').split(':').includes(join(prefix, 'bin'))) {
    tell(`${join(prefix, 'bin')} is not in your PATH`);
  }
  return 0;
}

function uninstall(target) {
  const files = readManifest(target);
  if (files === undefined) throw new SetupError(`tspod is not installed under ${target}`);
  withPermission(target, 'uninstall', () => removeFiles(target, files));
  tell(`removed tspod from ${target}; containers and images are untouched`);
  return 0;
}

function withPermission(target, action, work) {
  try {
    work();
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EPERM' && error.code !== 'EROFS') throw error;
    const settings = ['PREFIX', 'DESTDIR']
      .filter((name) => process.env[name])
      .map((name) => ` ${name}=${process.env[name]}`);
    throw new SetupError(
      `${target} cannot be written: an administrator has to run:\n  sudo${settings.join('')} ${bestNode()} ${join(CHECKOUT, 'scripts/install-system.mjs')} ${action}`,
    );
  }
}
