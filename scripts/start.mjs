// npm start              sets everything up and runs a first container
// npm start -- ARG...    sets everything up and runs tspod with these arguments
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { ensureBusyboxImage } from './setup/busybox-image.mjs';
import { TSPOD } from './setup/checkout.mjs';
import { setUp } from './setup/set-up.mjs';
import { runScript, tell } from './setup/tell.mjs';

const FIRST_RUN = ['run', '--rm', 'busybox', 'echo', 'Hello from tspod'];

await runScript(async () => {
  const args = process.argv.slice(2);
  setUp('start');
  if (args.length > 0) return runTspod(args);
  await ensureBusyboxImage();
  tell(`running: tspod ${FIRST_RUN.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')}`);
  const code = runTspod(FIRST_RUN);
  if (code === 0) tell(`tspod works: ${TSPOD} --help`);
  return code;
});

function runTspod(args) {
  const { status, signal, error } = spawnSync(TSPOD, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 128 + (constants.signals[signal] ?? 0);
}
