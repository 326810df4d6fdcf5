import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toYaml } from '../../../../src/cli/output/yaml.ts';

describe('YAML of info', () => {
  test('keys are in alphabetical order and lists stand under their key', () => {
    assert.equal(toYaml({ b: 1, a: ['x', 'y'], c: { d: true } }), 'a:\n- x\n- "y"\nb: 1\nc:\n  d: true\n');
  });

  test('lists of objects begin each item with a dash', () => {
    assert.equal(
      toYaml({ list: [{ name: 'crun', reason: 'too old' }, { name: 'b' }] }),
      'list:\n- name: crun\n  reason: too old\n- name: b\n',
    );
  });

  test('text that would be read as something else is quoted', () => {
    assert.equal(
      toYaml({ a: '12', b: 'true', c: '', d: 'null', e: '1.5' }),
      'a: "12"\nb: "true"\nc: ""\nd: "null"\ne: "1.5"\n',
    );
  });

  test('text with meaning in YAML is quoted', () => {
    assert.equal(toYaml({ a: 'x: y', b: '# no', c: "it's: so" }), "a: 'x: y'\nb: '# no'\nc: \"it's: so\"\n");
  });

  test('several lines are a block', () => {
    assert.equal(toYaml({ v: { version: 'one\ntwo' } }), 'v:\n  version: |-\n    one\n    two\n');
  });

  test('nothing, empty lists and empty objects are written out', () => {
    assert.equal(toYaml({ a: null, b: [], c: {} }), 'a: null\nb: []\nc: {}\n');
  });
});
