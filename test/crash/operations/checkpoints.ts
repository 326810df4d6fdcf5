import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE, type Operation } from '../../fixtures/crash-operation.ts';
import { askKeeper, criuTspodOk, startKeeper, stateOf, withCriu } from '../../fixtures/criu.ts';
import { testRoot, tspod, tspodOk } from '../../fixtures/harness.ts';
import { requires } from '../../fixtures/requires.ts';

const needs = requires('root', 'criu', 'runc');
const needsTracking = requires('root', 'criu', 'runc', 'memory-tracking');
const VICTIM = ['--network', 'none', '-v', '/data'];
const archive = () => join(testRoot().base, 'victim.tar');
let token = '';

const keeper = async () => {
  token = await startKeeper('victim', IMAGE, VICTIM);
};
const checkpointed = async () => {
  await keeper();
  await criuTspodOk(['container', 'checkpoint', 'victim']);
};

/** Nothing is lost: it runs on, or has ended with a checkpoint from which it does. */
const goesOn = async () => {
  const state = await stateOf('victim');
  if (state['Status'] !== 'running') {
    assert.deepEqual([state['Status'], state['Checkpointed'], state['ExitCode']], ['exited', true, 0]);
    await criuTspodOk(['container', 'restore', 'victim']);
  }
  assert.equal(await askKeeper('victim'), token);
  // An end of another kind is none by a checkpoint.
  await criuTspodOk(['stop', '-t', '0', 'victim']);
  const stopped = await stateOf('victim');
  assert.deepEqual([stopped['ExitCode'], stopped['Checkpointed']], [137, undefined]);
};

const goesOnOnce = async () => {
  assert.equal((await stateOf('victim'))['Checkpointed'], true);
  await criuTspodOk(['container', 'restore', 'victim']);
  assert.equal(await askKeeper('victim'), token);
};

/** The killed import has left nothing, or the container that it had continued. */
const importsAgain = async () => {
  if ((await tspod(['container', 'exists', 'victim'])).code === 0) {
    assert.equal(await askKeeper('victim'), token);
    await criuTspodOk(['rm', '-f', '-v', '-t', '0', 'victim']);
    await criuTspodOk(['volume', 'rm', 'kept']);
  }
  await criuTspodOk(['container', 'restore', '--import', archive()]);
  assert.equal(await askKeeper('victim'), token);
  await criuTspodOk(['rm', '-f', '-v', '-t', '0', 'victim']);
  await criuTspodOk(['volume', 'rm', 'kept']);
};

export const CHECKPOINTS: readonly Operation[] = [
  {
    name: 'container checkpoint',
    needs,
    before: keeper,
    args: () => ['container', 'checkpoint', 'victim'],
    env: () => withCriu().env,
    points: [
      'checkpoint-before-dump',
      'checkpoint-after-dump',
      'settle-after-exit',
      'checkpoint-before-complete',
      'checkpoint-after-complete',
    ],
    afterwards: goesOn,
  },
  {
    name: 'container checkpoint --leave-running',
    needs,
    before: keeper,
    args: () => ['container', 'checkpoint', '--leave-running', 'victim'],
    env: () => withCriu().env,
    points: ['checkpoint-before-complete'],
    afterwards: goesOn,
  },
  {
    name: 'checkpoint create',
    needs,
    before: keeper,
    args: () => ['checkpoint', 'create', 'victim', 'one'],
    env: () => withCriu().env,
    points: ['checkpoint-before-name'],
    afterwards: goesOn,
  },
  {
    name: 'start --checkpoint',
    needs,
    before: async () => {
      await keeper();
      await criuTspodOk(['checkpoint', 'create', 'victim', 'one']);
    },
    args: () => ['start', '--checkpoint', 'one', 'victim'],
    env: () => withCriu().env,
    points: ['checkpoint-before-return'],
    afterwards: async () => {
      await criuTspodOk(['start', '--checkpoint', 'one', 'victim']);
      assert.equal(await askKeeper('victim'), token);
    },
  },
  {
    name: 'container checkpoint --pre-checkpoint',
    needs: needsTracking,
    before: keeper,
    args: () => ['container', 'checkpoint', '--pre-checkpoint', 'victim'],
    env: () => withCriu().env,
    points: ['checkpoint-before-dump', 'checkpoint-after-dump', 'checkpoint-before-previous'],
    afterwards: async () => {
      assert.equal(await askKeeper('victim'), token);
      await criuTspodOk(['container', 'checkpoint', '--pre-checkpoint', 'victim']);
      await criuTspodOk(['container', 'checkpoint', '--with-previous', 'victim']);
      await goesOn();
    },
  },
  {
    name: 'container checkpoint --with-previous',
    needs: needsTracking,
    before: async () => {
      await keeper();
      await criuTspodOk(['container', 'checkpoint', '--pre-checkpoint', 'victim']);
    },
    args: () => ['container', 'checkpoint', '--with-previous', 'victim'],
    env: () => withCriu().env,
    points: [
      'checkpoint-before-dump',
      'checkpoint-after-dump',
      'checkpoint-before-complete',
      'checkpoint-after-complete',
    ],
    afterwards: goesOn,
  },
  {
    name: 'container checkpoint --export',
    needs,
    before: keeper,
    args: () => ['container', 'checkpoint', '--export', archive(), 'victim'],
    env: () => withCriu().env,
    points: ['checkpoint-after-complete', 'checkpoint-before-archive'],
    afterwards: async () => {
      assert.equal(existsSync(archive()), false);
      await goesOn();
      await tspodOk(['system', 'check', '--repair', '--quick']);
      assert.deepEqual(
        readdirSync(testRoot().base).filter((name) => name.startsWith('victim.tar')),
        [],
      );
    },
  },
  {
    name: 'container checkpoint --export of a container with --rm',
    needs,
    before: async () => {
      token = await startKeeper('victim', IMAGE, ['--rm', ...VICTIM]);
    },
    args: () => ['container', 'checkpoint', '--export', archive(), 'victim'],
    env: () => withCriu().env,
    points: ['settle-after-release', 'checkpoint-before-archive'],
    // Nobody has it but the container itself.
    afterwards: async () => {
      await goesOnOnce();
      await tspodOk(['system', 'check', '--repair', '--quick']);
    },
  },
  {
    name: 'container checkpoint --create-image',
    needs,
    before: keeper,
    args: () => ['container', 'checkpoint', '--create-image', 'localhost/frozen', 'victim'],
    env: () => withCriu().env,
    points: ['checkpoint-after-complete', 'layer-before-complete', 'image-before-add'],
    afterwards: async () => {
      assert.equal((await tspod(['image', 'exists', 'localhost/frozen'])).code, 1);
      await goesOn();
    },
  },
  {
    name: 'container restore',
    needs,
    before: checkpointed,
    args: () => ['--runtime', 'runc', 'container', 'restore', 'victim'],
    env: () => withCriu().env,
    points: ['start-after-mark', 'restore-before-monitor', 'start-after-create', 'restore-after-start'],
    afterwards: goesOn,
  },
  {
    name: 'container restore --import',
    needs,
    prepare: async () => {
      token = await startKeeper('victim', IMAGE, ['--network', 'none', '-v', 'kept:/data']);
      await criuTspodOk(['container', 'checkpoint', '-e', archive(), 'victim']);
      await criuTspodOk(['rm', 'victim']);
      await criuTspodOk(['volume', 'rm', 'kept']);
    },
    args: () => ['--runtime', 'runc', 'container', 'restore', '--import', archive()],
    env: () => withCriu().env,
    points: [
      'create-after-row',
      'restore-after-create',
      'restore-after-unpack',
      'restore-before-monitor',
      'start-after-create',
    ],
    afterwards: importsAgain,
  },
];
