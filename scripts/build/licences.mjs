import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLED_BUN } from '../setup/checkout.mjs';

/** The licences of all packages whose code went into the bundle and the quick program, as they ask for. */
export function packageLicences(root, inputs) {
  const packages = new Set();
  for (const input of Object.keys(inputs)) {
    const match = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match !== null) packages.add(match[1]);
  }
  const entries = [...packages].sort().map((name) => [name, licenceOf(join(root, 'node_modules', name))]);
  if (existsSync(BUNDLED_BUN)) entries.push(['Bun, in tspod-quick', licenceOfBun()]);
  return entries.map(([name, text]) => `${name}\n${'='.repeat(name.length)}\n\n${text}\n`).join('\n');
}

/** Its package has no text of its own. */
function licenceOfBun() {
  const manifest = join(dirname(BUNDLED_BUN), '..', 'package.json');
  const { version, license, repository } = JSON.parse(readFileSync(manifest, 'utf8'));
  return `Version ${version}. Licence: ${license}; JavaScriptCore and the other parts of WebKit that are linked with it: LGPL-2.1.
The sources, the texts of these licences and how to link it with another WebKit: ${repository}, tag bun-v${version}, LICENSE.md.`;
}

function licenceOf(directory) {
  const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return readFileSync(join(directory, file), 'utf8').trim();
  const manifest = join(directory, 'package.json');
  return existsSync(manifest) ? `Licence: ${JSON.parse(readFileSync(manifest, 'utf8')).license}` : '';
}
