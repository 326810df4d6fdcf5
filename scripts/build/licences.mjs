import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The licences of all packages whose code went into the bundle, as they ask for. */
export function packageLicences(root, inputs) {
  const packages = new Set();
  for (const input of Object.keys(inputs)) {
    const match = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match !== null) packages.add(match[1]);
  }
  return [...packages]
    .sort()
    .map((name) => `${name}\n${'='.repeat(name.length)}\n\n${licenceOf(join(root, 'node_modules', name))}\n`)
    .join('\n');
}

function licenceOf(directory) {
  const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return readFileSync(join(directory, file), 'utf8').trim();
  const manifest = join(directory, 'package.json');
  return existsSync(manifest) ? `Licence: ${JSON.parse(readFileSync(manifest, 'utf8')).license}` : '';
}
