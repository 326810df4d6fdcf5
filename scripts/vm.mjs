// npm run test:vm [-- FILE...]   tests on a machine with systemd and cgroup v2: a Debian in QEMU, made once (needs root, a few minutes), booted each time
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBusyboxArchive } from './setup/busybox-image.mjs';
import { bestNode, CHECKOUT } from './setup/checkout.mjs';
import { setUp } from './setup/set-up.mjs';
import { runScript, tell } from './setup/tell.mjs';
import { runFiles } from './test/run-files.mjs';
import { Tally } from './test/tally.mjs';
import { copyCheckout } from './vm/copy-checkout.mjs';
import { ensureImage } from './vm/image.mjs';
import { bootMachine } from './vm/machine.mjs';

/** On emulated processors, of which other work takes its share. */
const TEST_LIMIT_MS = 20 * 60_000;
const FILE_LIMIT_MS = 60 * 60_000;

await runScript(async () => {
  const chosen = process.argv.slice(2).map((file) => resolve(file));
  setUp('vm');
  const image = ensureImage();
  const machine = await bootMachine(image);
  const tally = new Tally();
  try {
    tell('copying the checkout into the machine');
    copyCheckout(machine, ensureBusyboxArchive());
    const env = { ...process.env, TSPOD_VM_SSH: JSON.stringify(machine.ssh) };
    // One after another: they log users out, and look for what is left.
    const batches = (chosen.length > 0 ? chosen : vmTests()).map((file) => [file]);
    await runFiles({
      phase: 'machine with systemd',
      tally,
      node: bestNode(),
      cwd: CHECKOUT,
      env,
      batches,
      parallel: 1,
      timeoutMs: FILE_LIMIT_MS,
      testTimeoutMs: TEST_LIMIT_MS,
    });
  } finally {
    await machine.stop();
  }
  return tally.print();
});

function vmTests() {
  const folder = join(CHECKOUT, 'test/vm');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
}
