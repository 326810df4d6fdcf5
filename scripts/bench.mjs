// npm run bench [-- --only run,exec] [--rounds N] [--quick] [--runtime crun] [--markdown docs/performance.md]
// Measures tspod against the podman of this host, pair by pair in one run; needs root.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CASES } from './bench/cases.mjs';
import { measureFloors } from './bench/floors.mjs';
import { describeMachine } from './bench/machine.mjs';
import { formatMarkdown, formatText } from './bench/table.mjs';
import { withWorkplace } from './bench/workplace.mjs';
import { setUp } from './setup/set-up.mjs';
import { runScript, SetupError, tell, warn } from './setup/tell.mjs';
import { inPrivateNetwork } from './test/private-network.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    runtime: { type: 'string', default: 'crun' },
    inside: { type: 'boolean', default: false },
  },
});

await runScript(() => (options.inside ? measure() : enterPrivateNamespaces()));

/** Mounts, bridges and firewall rules of the measurement go away with the namespaces, however it ends. */
function enterPrivateNamespaces() {
  if (process.getuid() !== 0) throw new SetupError('the benchmark needs root');
  setUp('test');
  const command = [process.execPath, ...process.argv.slice(1), '--inside'];
  const [program, ...args] = inPrivateNetwork(['unshare', '--mount', '--', ...command]);
  return spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
}

async function measure() {
  const chosen = chooseCases();
  const rows = [];
  let floors = [];
  leavePureCgroups();
  await withWorkplace(options.runtime, async (place) => {
    for (const { name, run, onDisk } of chosen) {
      tell(`measuring: ${name}`);
      try {
        rows.push(
          ...(await run(onDisk ? { ...place, pair: place.diskPair } : place, {
            quick: options.quick,
            rounds: options.rounds && Number(options.rounds),
          })),
        );
      } catch (error) {
        warn(`${name}: ${error.message}`);
        rows.push({ what: name, error: error.message.split('\n')[0] });
      }
    }
    if (options.only === undefined || options.only.split(',').includes('floors'))
      floors = measureFloors(place);
  });
  const machine = describeMachine(options.runtime);
  console.log(formatText(rows, floors, machine));
  if (options.markdown !== undefined) writeFileSync(options.markdown, formatMarkdown(rows, floors, machine));
  return rows.some((row) => row.error !== undefined) ? 1 : 0;
}

/** crun before 1.9 refuses a host with hybrid cgroups; in this private mount namespace the host becomes one with cgroup v1. */
function leavePureCgroups() {
  spawnSync('umount', ['/sys/fs/cgroup/unified'], { stdio: 'ignore' });
}

function chooseCases() {
  if (options.only === undefined) return CASES;
  const names = options.only.split(',');
  const unknown = names.filter((name) => name !== 'floors' && !CASES.some((item) => item.name === name));
  if (unknown.length > 0) {
    throw new SetupError(
      `no case ${unknown.join(', ')}; there are: ${CASES.map(({ name }) => name).join(', ')}, floors`,
    );
  }
  return CASES.filter(({ name }) => names.includes(name));
}
