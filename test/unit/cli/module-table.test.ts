import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModuleFunction, moduleTable } from '../../../src/cli/module-table.ts';

test('groups are opened, and modules run, when they are first asked for, and once', () => {
  const ran: string[] = [];
  const module =
    (name: string): ModuleFunction =>
    (target) => {
      ran.push(name);
      target.exports = { name };
    };
  const take = moduleTable(() => [
    () => [module('a'), module('b')],
    () => {
      throw new Error('nobody asks for these');
    },
  ]);
  assert.deepEqual(ran, []);
  assert.deepEqual(take(0, 1), { name: 'b' });
  assert.equal(take(0, 1), take(0, 1));
  assert.deepEqual(ran, ['b']);
});

test('modules that ask for each other in a circle get what is there already', () => {
  const take = moduleTable(() => [
    () => [
      (module) => {
        const exports = { other: {}, early: 'yes' };
        module.exports = exports;
        exports.other = take(0, 1) as object;
      },
      (module) => {
        module.exports = { early: (take(0, 0) as { early: string }).early };
      },
    ],
  ]);
  assert.deepEqual(take(0, 0), { other: { early: 'yes' }, early: 'yes' });
});

test('a module that throws is run again when it is asked for again; one that is not there is named', () => {
  let attempts = 0;
  const take = moduleTable(() => [
    () => [
      (module) => {
        attempts += 1;
        if (attempts === 1) throw new Error('not yet');
        module.exports = attempts;
      },
    ],
  ]);
  assert.throws(() => take(0, 0), /not yet/);
  assert.equal(take(0, 0), 2);
  assert.throws(() => take(0, 7), /no module 0\/7/);
  assert.throws(() => take(3, 0), /no module 3\/0/);
});
