import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { testRoot, tspod, tspodOk } from '../../fixtures/harness.ts';
import { query } from '../../fixtures/crash-survey.ts';
import { requires } from '../../fixtures/requires.ts';
import {
  CREATE,
  create,
  IMAGE,
  nameIsFree,
  type Operation,
  QUIET,
  REMOVE,
  running,
  SETTLE,
  SLEEP,
  START,
  startsAgain,
} from '../../fixtures/crash-operation.ts';

const STOP = ['stop-after-mark', 'stop-after-signal', 'stop-before-kept'];
const EXEC = ['exec-after-row', 'exec-before-go', 'exec-after-start'];
const FILE = ['atomic-file-before-rename'];

export const CONTAINERS: readonly Operation[] = [
  { name: 'create', args: () => ['create', ...QUIET, ...SLEEP], points: CREATE, afterwards: nameIsFree },
  {
    name: 'run',
    args: () => ['run', ...QUIET, IMAGE, 'true'],
    points: [...CREATE, ...START, ...SETTLE],
    afterwards: nameIsFree,
  },
  {
    name: 'run -d',
    args: () => ['run', '-d', ...QUIET, ...SLEEP],
    points: [...START, ...FILE],
    afterwards: startsAgain,
  },
  {
    name: 'run --rm',
    args: () => ['run', '--rm', ...QUIET, IMAGE, 'true'],
    points: [...CREATE, ...START, ...SETTLE, ...REMOVE],
    afterwards: nameIsFree,
  },
  { name: 'start', before: create, args: () => ['start', 'victim'], points: START, afterwards: startsAgain },
  {
    name: 'start -a',
    before: create,
    args: () => ['start', '-a', 'victim'],
    points: START.slice(0, 4),
    afterwards: startsAgain,
  },
  {
    name: 'exec',
    before: running,
    args: () => ['exec', 'victim', 'true'],
    points: EXEC,
    afterwards: startsAgain,
  },
  {
    name: 'exec -d',
    before: running,
    args: () => ['exec', '-d', 'victim', 'true'],
    points: EXEC,
    afterwards: startsAgain,
  },
  {
    name: 'stop',
    before: running,
    args: () => ['stop', '--time', '1', 'victim'],
    points: STOP,
    afterwards: startsAgain,
  },
  {
    name: 'stop --time 0',
    before: running,
    args: () => ['stop', '--time', '0', 'victim'],
    points: [...STOP, ...SETTLE],
    afterwards: startsAgain,
  },
  { name: 'rm', before: create, args: () => ['rm', '-v', 'victim'], points: REMOVE },
  {
    name: 'rm -f',
    before: running,
    args: () => ['rm', '-f', '-v', '--time', '0', 'victim'],
    points: [...STOP, ...SETTLE, ...REMOVE],
  },
  {
    name: 'create of a container with a secret',
    prepare: () => tspodOk(['secret', 'create', 'word', '-'], { input: 'said once' }),
    args: () => ['create', ...QUIET, '--secret', 'word', IMAGE, 'cat', '/run/secrets/word'],
    points: CREATE,
    afterwards: async () => {
      const made = await tspod(['start', '-a', 'victim']);
      if (made.code === 0) assert.equal(made.stdout, 'said once');
      await tspod(['rm', '-f', '-v', 'victim']);
      assert.deepEqual(query(testRoot(), 'SELECT position FROM container_secrets'), []);
    },
    cleanup: () => tspodOk(['secret', 'rm', 'word']),
  },
  {
    name: 'run of a container with a new volume that begins with files of the image',
    args: () => ['run', ...QUIET, '-v', 'begins:/bin', IMAGE, 'true'],
    points: ['volume-half-filled:2', 'volume-half-filled:4', 'volume-before-filled'],
    afterwards: async () => {
      const count = ['run', '--rm', '--network', 'none', IMAGE, 'sh', '-c', 'ls /bin; cat /bin/* | md5sum'];
      const whole = await tspodOk(count);
      assert.equal(await tspodOk([...count.slice(0, 1), '-v', 'begins:/bin', ...count.slice(1)]), whole);
      await tspod(['rm', '-f', '-v', 'victim']);
      await tspodOk(['volume', 'rm', 'begins']);
    },
  },
  {
    name: 'the clean-up of a detached container',
    args: () => ['run', '-d', ...QUIET, IMAGE, 'sh', '-c', 'exit 4'],
    inExitCommand: true,
    points: SETTLE,
    afterwards: async () => {
      assert.equal(await tspodOk(['wait', 'victim']), '4');
      await tspodOk(['start', 'victim']);
    },
  },
  {
    name: 'the clean-up of a detached container with --rm',
    args: () => ['run', '-d', '--rm', ...QUIET, IMAGE, 'sh', '-c', 'exit 4'],
    inExitCommand: true,
    points: [...SETTLE, ...REMOVE],
  },
  {
    name: 'mount',
    needs: requires('root'),
    before: running,
    args: () => ['mount', 'victim'],
    points: ['user-mount-after-mark'],
    afterwards: async () => {
      const path = await tspodOk(['mount', 'victim']);
      await tspodOk(['rm', '-f', '-v', '-t', '0', 'victim']);
      assert.equal(existsSync(path), false);
    },
  },
  {
    name: 'pause',
    needs: requires('root'),
    before: running,
    args: () => ['pause', 'victim'],
    points: ['pause-after-owner', 'pause-after-runtime'],
    afterwards: async () => {
      await tspod(['unpause', 'victim']);
      await startsAgain();
    },
  },
  {
    name: 'start of an initialized one',
    before: async () => {
      await create();
      await tspodOk(['init', 'victim']);
    },
    args: () => ['start', 'victim'],
    points: ['initialized-before-start', 'initialized-after-start'],
    afterwards: startsAgain,
  },
  {
    name: 'update',
    needs: requires('root'),
    before: running,
    args: () => ['update', '--pids-limit', '77', 'victim'],
    points: ['update-after-runtime'],
    afterwards: async () => {
      const limit = ['inspect', '--format', '{{.HostConfig.PidsLimit}}', 'victim'];
      assert.notEqual(await tspodOk(limit), '77');
      await tspodOk(['update', '--pids-limit', '77', 'victim']);
      assert.equal(await tspodOk(limit), '77');
    },
  },
  {
    name: 'container clone --destroy',
    before: create,
    args: () => ['container', 'clone', '--destroy', 'victim', 'victim'],
    points: ['create-after-row', 'clone-before-destroy'],
    afterwards: async () => {
      await tspodOk(['rm', '--force', '-v', 'victim-clone']);
      await startsAgain();
    },
  },
  {
    name: 'restart',
    before: running,
    args: () => ['restart', '--time', '0', 'victim'],
    points: [...SETTLE, 'start-after-mark', 'start-after-start'],
    afterwards: startsAgain,
  },
  {
    name: 'the start again of a container with a restart policy',
    args: () => ['run', '-d', '--restart', 'on-failure:1', ...QUIET, IMAGE, 'sh', '-c', 'exit 4'],
    inExitCommand: true,
    points: SETTLE,
    afterwards: async () => {
      await tspodOk(['start', 'victim']);
      assert.equal(await tspodOk(['wait', 'victim']), '4');
    },
  },
];
