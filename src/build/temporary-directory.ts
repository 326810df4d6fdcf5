import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newLayerId } from '../base/ids.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import { storeLayout } from '../storage/layout.ts';
import type { BuildHost } from './build-host.ts';

/** For the caller to fill and remove; should this process be killed, its name says that nobody needs it. */
export function temporaryDirectory(host: BuildHost, what: string): string {
  const { tmp } = storeLayout(host.paths.graphRoot);
  mkdirSync(tmp, { recursive: true, mode: 0o700 });
  const owner = formatIdentity(ownIdentity()).replaceAll(':', '-');
  const path = join(tmp, `build-${what}-${newLayerId()}-${owner}`);
  mkdirSync(path, { mode: 0o700 });
  return path;
}
