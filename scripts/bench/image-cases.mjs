import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FOUR_LAYERS, makeImage, ONE_LAYER } from './images.mjs';
import { measurePair, peakMemory, runQuietly, timeCommand } from './measure.mjs';
import { emptyRegistry, ensureRegistry, PUSH_TARGET, setRegistryDataAside } from './registry.mjs';

const longRounds = ({ rounds, quick }) => rounds || (quick ? 1 : 5);
const scale = ({ quick }) => (quick ? 0.2 : 1);
/** 150 MB, whatever the size of the image. */
const PULL_MEMORY_KIB = 150e6 / 1024;

export function pullCase(place, options) {
  return measurePull(place, options, FOUR_LAYERS, { what: 'pull, 4 layers, 450 MB', budget: 0.45 });
}

export function largeLayerCase(place, options) {
  return measurePull(place, options, ONE_LAYER, {
    what: 'pull, 1 layer, 1.2 GB, 26,000 files',
    budget: 0.45,
  });
}

async function measurePull(place, options, recipe, { what, budget }) {
  const name = await imageFor(place, options, recipe);
  const pull = ['pull', '--quiet', '--tls-verify=false', name];
  const before = (engine) => removeImage(engine, name);
  const { pair } = place;
  const times = await measurePair({
    pair,
    rounds: longRounds(options),
    before,
    once: (engine) => timeCommand(engine, pull),
    warmUp: !options.quick,
  });
  const peak = await measurePair({
    pair,
    rounds: 1,
    before,
    once: (engine) => peakMemory(engine, pull),
    warmUp: false,
  });
  for (const engine of pair) removeImage(engine, name);
  const note = options.quick ? ' (a fifth of it)' : '';
  return [
    { what: what + note, ...times, unit: 'ms', budget },
    {
      what: `${what.split(',').slice(0, 2).join(',')}: peak memory`,
      ...peak,
      unit: 'KiB',
      limit: PULL_MEMORY_KIB,
    },
  ];
}

/** Both load the same docker-archive, written by podman. */
export async function archiveCases(place, options) {
  const name = await imageFor(place, options, FOUR_LAYERS);
  const { pair, engines, directory } = place;
  const archive = join(directory, 'load.tar');
  for (const engine of pair) runQuietly(engine, ['pull', '--quiet', '--tls-verify=false', name]);
  runQuietly(engines.podman, ['save', '--quiet', '-o', archive, name]);
  const target = (engine) => join(directory, `${engine.name}-saved.tar`);
  const rounds = longRounds(options);
  const save = await measurePair({
    pair,
    rounds,
    warmUp: !options.quick,
    before: (engine) => rmSync(target(engine), { force: true }),
    once: (engine) => timeCommand(engine, ['save', '--quiet', '-o', target(engine), name]),
  });
  for (const engine of pair) rmSync(target(engine), { force: true });
  const load = await measurePair({
    pair,
    rounds,
    warmUp: !options.quick,
    before: (engine) => removeImage(engine, name),
    once: (engine) => timeCommand(engine, ['load', '--quiet', '-i', archive]),
  });
  for (const engine of pair) removeImage(engine, name);
  rmSync(archive);
  return [
    { what: '`save`, 4 layers, 450 MB', ...save, unit: 'ms', budget: 0.7 },
    { what: '`load`, 4 layers, 450 MB', ...load, unit: 'ms', budget: 0.5 },
  ];
}

/** To a registry that has nothing of it. */
export async function pushCase(place, options) {
  const name = await imageFor(place, options, FOUR_LAYERS);
  const { pair } = place;
  for (const engine of pair) runQuietly(engine, ['pull', '--quiet', '--tls-verify=false', name]);
  const restore = setRegistryDataAside(place);
  try {
    const times = await measurePair({
      pair,
      rounds: longRounds(options),
      warmUp: !options.quick,
      before: () => emptyRegistry(place),
      once: (engine) =>
        timeCommand(engine, ['push', '--quiet', '--tls-verify=false', name, `${PUSH_TARGET}-${engine.name}`]),
    });
    return [{ what: '`push`, 4 layers, 450 MB', ...times, unit: 'ms', budget: 0.8 }];
  } finally {
    restore();
    for (const engine of pair) removeImage(engine, name);
  }
}

export async function removeCase(place, options) {
  const name = await imageFor(place, options, ONE_LAYER);
  const times = await measurePair({
    pair: place.pair,
    rounds: longRounds(options),
    warmUp: !options.quick,
    before: (engine) => {
      // The space of the last one is free again.
      runQuietly(engine, ['image', 'prune', '--force']);
      runQuietly(engine, ['pull', '--quiet', '--tls-verify=false', name]);
    },
    once: (engine) => timeCommand(engine, ['rmi', name]),
  });
  return [{ what: '`rmi`, 1 layer, 26,000 files', ...times, unit: 'ms', budget: 0.3 }];
}

async function imageFor(place, options, recipe) {
  await ensureRegistry(place);
  place.images ??= new Map();
  if (!place.images.has(recipe.repository)) {
    const { name, firstLayer } = await makeImage(recipe, place, scale(options));
    place.images.set(recipe.repository, name);
    place.largeArchive ??= firstLayer;
    if (recipe === ONE_LAYER) place.largeArchive = firstLayer;
  }
  return place.images.get(recipe.repository);
}

function removeImage(engine, name) {
  runQuietly(engine, ['rmi', '--force', '--ignore', name]);
}
