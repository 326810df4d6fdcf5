// npm test               sets everything up and runs all of it: checks, unit tests, integration tests as root and as a user, crashes
// node scripts/test.mjs unit|integration|crash [FILE...]
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ensureBusyboxArchive } from './setup/busybox-image.mjs';
import { bestNode, CHECKOUT } from './setup/checkout.mjs';
import { setUp } from './setup/set-up.mjs';
import { ensureTestCriu } from './setup/test-criu.mjs';
import { runScript } from './setup/tell.mjs';
import { runChecks } from './test/checks.mjs';
import { inPrivateNetwork } from './test/private-network.mjs';
import { makeReadableTree } from './test/readable-tree.mjs';
import { runFiles } from './test/run-files.mjs';
import { Tally } from './test/tally.mjs';
import { prepareUnprivileged } from './test/unprivileged.mjs';

const MODES = ['all', 'unit', 'integration', 'crash'];
/** Tests of crashes whose steps are others without root. */
const DIFFERENT_FOR_USERS = /\/test\/crash\/(networks|user-namespaces|build)\.test\.ts$/;
const isRoot = process.getuid() === 0;

await runScript(async () => {
  const [mode = 'all', ...chosen] = process.argv.slice(2);
  if (!MODES.includes(mode)) {
    console.error(`usage: node scripts/test.mjs ${MODES.join('|')} [FILE...]`);
    return 125;
  }
  setUp('test');
  process.env.TSPOD_TEST_BUSYBOX = ensureBusyboxArchive();
  const criu = mode === 'unit' ? undefined : ensureTestCriu();
  if (criu !== undefined) process.env.TSPOD_TEST_CRIU = criu;
  const tally = new Tally();
  const files = chosen.length > 0 ? chosen.map((file) => resolve(file)) : undefined;
  if (mode === 'all') runChecks(tally);
  if (mode === 'all' || mode === 'unit') await runUnit(tally, files);
  if (mode !== 'unit') await runBuilt(mode, tally, files);
  return tally.print();
});

/** Fast, without root: all in one run of the test runner. */
async function runUnit(tally, files) {
  const batch = files ?? testFiles('test').filter((file) => !/\/test\/(integration|crash|vm)\//.test(file));
  await runFiles({
    phase: 'unit',
    tally,
    node: bestNode(),
    cwd: CHECKOUT,
    env: process.env,
    batches: [batch],
    parallel: 1,
  });
}

/** What runs the built program. Without root only half of it can, and the rest is told as skipped. */
async function runBuilt(mode, tally, files) {
  const integration =
    mode === 'all' || mode === 'integration' ? (files ?? testFiles('test/integration')) : [];
  const crash = mode === 'all' || mode === 'crash' ? (files ?? testFiles('test/crash')) : [];
  if (!isRoot) {
    const env = { ...process.env, TSPOD_TEST_AS: 'rootless' };
    const common = { tally, node: bestNode(), cwd: CHECKOUT, env };
    if (integration.length > 0)
      tally.skip('integration as root', 'all of it', 'npm test was not started by root');
    await runFiles({ ...common, phase: 'integration as a user', batches: integration.map((file) => [file]) });
    await runFiles({ ...common, phase: 'crash', batches: crash.map((file) => [file]) });
    return;
  }
  const unprivileged = prepareUnprivileged();
  const { tree, node, remove } = makeReadableTree(unprivileged);
  const batches = (list) => list.map((file) => [join(tree, relative(CHECKOUT, file))]);
  // Each file in a network namespace of its own: bridges of two files would otherwise share addresses and firewall.
  const env = { ...process.env, TSPOD_TEST_AS: 'root', TSPOD_TEST_NETNS: 'private' };
  const asRoot = { tally, node, cwd: tree, env, wrap: inPrivateNetwork };
  const asUser = { tally, node, cwd: tree, env: process.env, wrap: unprivileged.wrap };
  try {
    await runFiles({ ...asRoot, phase: 'integration as root', batches: batches(integration) });
    await runFiles({ ...asUser, phase: 'integration as a user', batches: batches(integration) });
    await runFiles({ ...asRoot, phase: 'crash as root', batches: batches(crash) });
    const asUserToo = crash.filter((file) => DIFFERENT_FOR_USERS.test(file));
    await runFiles({ ...asUser, phase: 'crash as a user', batches: batches(asUserToo) });
  } finally {
    unprivileged.release();
    remove();
  }
}

function testFiles(folder) {
  const root = join(CHECKOUT, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(root, name))
    .sort();
}
