import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bestNode } from '../setup/checkout.mjs';
import { runCommand } from '../setup/run-command.mjs';
import { median } from './measure.mjs';

/** What no engine on the same runtime, language and file format can beat: { what, ms }, ms undefined where it does not run here. */
export function measureFloors(place) {
  const bundle = makeBundle(place);
  const floors = [
    { what: 'node -e 0', ms: repeat(11, () => time(bestNode(), ['-e', '0'])) },
    {
      what: 'runc run',
      ms: repeat(11, (round) => time('runc', ['run', '-b', bundle, `floor-runc-${round}`])),
    },
    {
      what: 'crun run',
      ms: repeat(11, (round) =>
        time('crun', ['--cgroup-manager=cgroupfs', 'run', '-b', bundle, `floor-crun-${round}`]),
      ),
    },
  ];
  if (place.largeArchive !== undefined) {
    floors.push({ what: 'tar -xzf of the largest layer', ms: repeat(3, () => unpack(place)) });
  }
  return floors;
}

function makeBundle({ directory }) {
  const bundle = join(directory, 'bundle');
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  runCommand('tar', ['-xf', join(directory, 'busybox.tar'), '-C', join(bundle, 'rootfs')]);
  spawnSync('runc', ['spec', '-b', bundle]);
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  config.process.terminal = false;
  config.process.args = ['true'];
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

function unpack({ directory, largeArchive }) {
  const target = join(directory, 'unpacked');
  mkdirSync(target);
  const elapsed = time('tar', ['-xzf', largeArchive, '-C', target]);
  rmSync(target, { recursive: true });
  return elapsed;
}

function repeat(rounds, once) {
  const times = Array.from({ length: rounds }, (_, round) => once(round)).filter(
    (value) => value !== undefined,
  );
  return times.length === 0 ? undefined : median(times);
}

function time(program, args) {
  const started = performance.now();
  const { status } = spawnSync(program, args, { stdio: 'ignore' });
  return status === 0 ? performance.now() - started : undefined;
}
