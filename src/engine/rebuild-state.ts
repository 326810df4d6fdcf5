import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { adoptVolume } from '../libpod/volume.ts';
import { rebuildDatabase } from '../state/rebuild.ts';
import type { Engine } from './engine.ts';

/** Puts a new database into the place of a damaged one; what it tells is one sentence each. */
export function rebuildState(engine: Engine): string[] {
  // Opened anew by whoever asks next.
  engine.close();
  const adopted: string[] = [];
  const report = rebuildDatabase(engine.paths.database, (db) => {
    for (const name of volumeDirectories(engine.paths.volumes))
      if (adoptVolume(db, name, join(engine.paths.volumes, name, '_data'))) adopted.push(name);
  });
  const { rows } = report;
  return [
    `a new one was made; the damaged file is kept as ${report.kept}`,
    `${rows['containers'] ?? 0} containers, ${rows['images'] ?? 0} images, ${rows['layers'] ?? 0} layers and ${rows['volumes'] ?? 0} volumes could be read`,
    ...(report.incomplete.length === 0
      ? []
      : [`not everything could be read of: ${report.incomplete.join(', ').replaceAll('_', ' ')}`]),
    ...adopted.map((name) => `volume ${name} was taken in by its directory, without labels and options`),
  ];
}

function volumeDirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    // None was ever made.
    return [];
  }
}
