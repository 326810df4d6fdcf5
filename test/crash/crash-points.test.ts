import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../fixtures/harness.ts';
import { BUILD } from './operations/build.ts';
import { CHECKPOINTS } from './operations/checkpoints.ts';
import { CONTAINERS } from './operations/containers.ts';
import { ELSEWHERE } from './operations/elsewhere.ts';
import { IMAGES } from './operations/images.ts';
import { KUBE } from './operations/kube.ts';
import { NETWORKS } from './operations/networks.ts';
import { PODS } from './operations/pods.ts';
import { QUOTAS, VOLUME_QUOTAS } from './operations/quotas.ts';
import { UPDATES } from './operations/updates.ts';
import { USER_NAMESPACES } from './operations/user-namespaces.ts';

test('every crash point of the sources is passed by an operation of the tables', () => {
  const covered = new Set(
    [
      ...BUILD,
      ...CHECKPOINTS,
      ...CONTAINERS,
      ...ELSEWHERE,
      ...IMAGES,
      ...KUBE,
      ...NETWORKS,
      ...PODS,
      ...QUOTAS,
      { points: VOLUME_QUOTAS },
      ...UPDATES,
      ...USER_NAMESPACES,
    ].flatMap(({ points }) => points.map((point) => point.replace(/:\d+$/, ''))),
  );
  const missing = crashPoints().filter((name) => !covered.has(name));
  assert.deepEqual(missing, []);
});

function crashPoints(): string[] {
  const folder = join(PROJECT_ROOT, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const names = files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/crashPoint\('([^']+)'\)/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  return [...new Set(names)].sort();
}
