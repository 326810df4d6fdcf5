import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLED_BUN, BUNDLED_NODE, CHECKOUT, TSPOD } from '../setup/checkout.mjs';
import { SetupError } from '../setup/tell.mjs';

const DIST = join(CHECKOUT, 'dist');

/** Everything that an installation consists of: { source, path (below the prefix), mode, and text where it differs from the source }. */
export function collectFiles(prefix) {
  const files = [
    program(TSPOD, 'bin/tspod'),
    program(join(CHECKOUT, 'bin/tspod-monitor'), 'lib/tspod/tspod-monitor'),
    ...bundle(),
    ...folder(join(DIST, 'native'), 'lib/tspod/native', (name) => name.endsWith('.node')),
    ...folder(join(DIST, 'man'), 'share/man/man1', (name) => /\.1(\.gz)?$/.test(name)),
    data(join(CHECKOUT, 'LICENSE'), 'share/doc/tspod/LICENSE'),
    data(join(CHECKOUT, 'README.md'), 'share/doc/tspod/README.md'),
    ...folder(join(CHECKOUT, 'docs'), 'share/doc/tspod/docs', (name) => name.endsWith('.md')),
    ...completions(),
    ...systemd(prefix),
  ];
  // Where no Node was bundled the launcher takes one from PATH.
  if (existsSync(BUNDLED_NODE)) {
    const licence = join(dirname(BUNDLED_NODE), '../LICENSE');
    files.push(program(BUNDLED_NODE, 'lib/tspod/node'), data(licence, 'share/doc/tspod/LICENSE.node'));
  }
  if (existsSync(BUNDLED_BUN)) files.push(program(join(DIST, 'tspod-quick'), 'lib/tspod/tspod-quick'));
  const missing = files.filter(({ source }) => !existsSync(source));
  if (missing.length > 0)
    throw new SetupError(`not built: ${missing.map(({ source }) => source).join(', ')}`);
  return files;
}

/** main.js, the workers, and all that main.js may load: dist/ may still hold files of an earlier build. */
function bundle() {
  const [, build] = /"chunk-modules(_\w+)\.js"/.exec(readFileSync(join(DIST, 'main.js'), 'utf8')) ?? [];
  const isWanted = (name) =>
    name === 'main.js' ||
    name.endsWith('-worker.js') ||
    (name.startsWith('chunk-') && name.includes(`${build}.js`)) ||
    /^[^.].*\.(?:json|txt)$/.test(name);
  return readdirSync(DIST)
    .filter(isWanted)
    .map((name) => data(join(DIST, name), `lib/tspod/${name}`));
}

function completions() {
  const places = {
    'tspod.bash': 'share/bash-completion/completions/tspod',
    'tspod.zsh': 'share/zsh/site-functions/_tspod',
    'tspod.fish': 'share/fish/vendor_completions.d/tspod.fish',
  };
  return Object.entries(places).map(([name, path]) => data(join(CHECKOUT, 'completions', name), path));
}

/** Makers of services out of Quadlet files, what those of users wait for, and the units that start containers after a boot and look for new images. */
function systemd(prefix) {
  const from = (name) => join(CHECKOUT, 'scripts/install/systemd', name);
  const wait = 'tspod-user-wait-network-online.service';
  // What stands in a unit is read by systemd: a percent sign would begin a specifier.
  const unit = (name) => {
    const text = readFileSync(from(name), 'utf8').replaceAll('@PREFIX@', () => prefix.replaceAll('%', '%%'));
    return ['system', 'user'].map((kind) => ({ ...data(from(name), `lib/systemd/${kind}/${name}`), text }));
  };
  return [
    program(from('tspod-system-generator'), 'lib/systemd/system-generators/tspod-system-generator'),
    program(from('tspod-user-generator'), 'lib/systemd/user-generators/tspod-user-generator'),
    ...['tspod-boot.service', 'tspod-auto-update.service', 'tspod-auto-update.timer'].flatMap(unit),
    data(from(wait), `lib/systemd/user/${wait}`),
  ];
}

function folder(source, path, isWanted) {
  if (!existsSync(source)) return [];
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isWanted(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => data(file, path + file.slice(source.length)));
}

function program(source, path) {
  return { source, path, mode: 0o755 };
}

function data(source, path) {
  return { source, path, mode: 0o644 };
}
