import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.ts';
import { applyChanges } from '../../../src/image/change-config.ts';

test('commands are for the shell unless they are a JSON list', () => {
  assert.deepEqual(applyChanges({}, ['CMD echo hi']), { Cmd: ['/bin/sh', '-c', 'echo hi'] });
  assert.deepEqual(applyChanges({}, ['CMD=["a","b"]']), { Cmd: ['a', 'b'] });
});

test('a new entry point does away with the old arguments', () => {
  assert.deepEqual(applyChanges({ Cmd: ['x'] }, ['ENTRYPOINT ["run"]']), { Entrypoint: ['run'] });
});

test('variables and labels are added or replaced, in all their notations', () => {
  assert.deepEqual(applyChanges({ Env: ['A=1', 'B=2'] }, ['ENV A=3 C="x y"', 'env D four five']), {
    Env: ['B=2', 'A=3', 'C=x y', 'D=four five'],
  });
  assert.deepEqual(applyChanges({ Labels: { a: '1' } }, ["LABEL b='2 3' c=4"]), {
    Labels: { a: '1', b: '2 3', c: '4' },
  });
});

test('ports get a protocol, volumes may be a list', () => {
  assert.deepEqual(applyChanges({}, ['EXPOSE 80 53/UDP', 'VOLUME ["/a", "/b"]', 'VOLUME /c']), {
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Volumes: { '/a': {}, '/b': {}, '/c': {} },
  });
});

test('the given configuration is left as it was', () => {
  const before = { Env: ['A=1'] };
  applyChanges(before, ['ENV A=2', 'USER me']);
  assert.deepEqual(before, { Env: ['A=1'] });
});

test('instructions that are not about configuration are refused', () => {
  for (const change of ['RUN ls', 'FROM x', 'CMD', 'nonsense', 'EXPOSE http', 'ENV novalue']) {
    assert.throws(() => applyChanges({}, [change]), UsageError, change);
  }
});
