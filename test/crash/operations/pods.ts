import assert from 'node:assert/strict';
import { tspodOk } from '../../fixtures/harness.ts';
import { CREATE, IMAGE, type Operation, SETTLE } from '../../fixtures/crash-operation.ts';

const create = () => tspodOk(['pod', 'create', '--name', 'pod', '--network', 'none']);
const filled = async () => {
  await create();
  await tspodOk(['create', '--pod', 'pod', '--name', 'victim', IMAGE, 'sleep', '1000']);
};
const running = async () => {
  await filled();
  await tspodOk(['pod', 'start', 'pod']);
};
const removeAll = () => tspodOk(['pod', 'rm', '--all', '--force', '--time', '0']);
const isFree = async () => {
  await tspodOk(['pod', 'rm', '--force', '--time', '0', 'pod']);
  assert.equal(await tspodOk(['pod', 'ps', '--quiet']), '');
  await filled();
  await tspodOk(['pod', 'start', 'pod']);
};
const startsAgain = async () => {
  await tspodOk(['pod', 'start', 'pod']);
  assert.equal(await tspodOk(['exec', 'victim', 'hostname']), 'pod');
};

export const PODS: readonly Operation[] = [
  {
    name: 'pod create',
    args: () => ['pod', 'create', '--name', 'pod', '--network', 'none'],
    points: [
      'pod-create-after-row',
      ...CREATE.filter((point) => !point.startsWith('volume-')),
      'pod-create-before-complete',
    ],
    afterwards: isFree,
    forget: removeAll,
  },
  {
    name: 'run --pod',
    before: create,
    args: () => ['run', '-d', '--pod', 'pod', '--name', 'victim', IMAGE, 'sleep', '1000'],
    points: ['create-after-row', 'start-after-mark', 'start-after-start:2'],
    afterwards: isFree,
    forget: removeAll,
  },
  {
    name: 'pod start',
    before: filled,
    args: () => ['pod', 'start', 'pod'],
    points: ['start-after-start', 'pod-start-after-infra', 'pod-start-after-containers'],
    afterwards: startsAgain,
    forget: removeAll,
  },
  {
    name: 'pod stop',
    before: running,
    args: () => ['pod', 'stop', '--time', '0', 'pod'],
    points: ['stop-after-mark', 'pod-stop-before-infra', ...SETTLE],
    afterwards: startsAgain,
    forget: removeAll,
  },
  {
    name: 'pod rm -f',
    before: running,
    args: () => ['pod', 'rm', '--force', '--time', '0', 'pod'],
    points: [
      'pod-remove-after-mark',
      'pod-stop-before-infra',
      'pod-remove-after-container',
      'pod-remove-after-container:2',
      'pod-remove-after-row',
    ],
    afterwards: async () => {
      assert.equal(await tspodOk(['pod', 'ps', '--quiet']), '');
      await create();
    },
    forget: removeAll,
  },
  {
    name: 'pod clone --destroy',
    before: filled,
    args: () => ['pod', 'clone', '--destroy', '--name', 'copy', 'pod'],
    points: ['create-after-row:2', 'pod-clone-before-destroy'],
    afterwards: async () => {
      await tspodOk(['pod', 'rm', '--force', '--time', '0', 'copy']);
      await startsAgain();
    },
    forget: removeAll,
  },
];
