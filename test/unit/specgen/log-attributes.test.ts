import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidSpecError } from '../../../src/base/errors.ts';
import type { ContainerSpec, LogAttributesSpec } from '../../../src/specgen/container-spec.ts';
import { journalFields, logDetails, readLogAttribute } from '../../../src/specgen/log-attributes.ts';

const ID = 'a'.repeat(64);

function details(options: Record<string, string>, tag?: string): string {
  return logDetails(specWith(options, tag), ID);
}

function specWith(options: Record<string, string>, tag?: string): ContainerSpec {
  const attributes: LogAttributesSpec = {};
  for (const [key, value] of Object.entries(options)) readLogAttribute(attributes, key, value);
  return {
    name: 'web',
    labels: { 'com.example/tier': 'front end', other: 'x', '1': 'none', tag: 'mine', 'container.id': 'f' },
    process: { env: ['COLOR=red&blue', 'COUNT=1', 'PATH=/bin'] },
    log: { tag, attributes },
  } as unknown as ContainerSpec;
}

test('details are nothing but a blank when no option names any', () => {
  assert.equal(details({}), ' ');
});

test('details name labels, variables and the tag, sorted and escaped as docker does', () => {
  assert.equal(
    details({ labels: 'com.example/tier,absent', env: 'COLOR' }, '{{.Name}}(1)'),
    'COLOR=red%26blue,com.example%2Ftier=front+end,tag=web%281%29 ',
  );
});

test('details are chosen by regular expressions as well', () => {
  assert.equal(details({ 'labels-regex': '^oth', 'env-regex': 'CO' }), 'COLOR=red%26blue,COUNT=1,other=x ');
});

test('a bad regular expression is refused, and other keys are left alone', () => {
  assert.throws(() => details({ 'env-regex': '(' }), InvalidSpecError);
  assert.equal(readLogAttribute({}, 'max-size', '1'), false);
});

test('fields of the journal have the names that docker gives them, and none that the monitor gives itself', () => {
  const spec = specWith({ labels: 'com.example/tier,1,tag,container.id', env: 'COLOR' }, '{{.Name}}');
  assert.deepEqual(journalFields(spec, ID), ['COM_EXAMPLE_TIER=front end', 'TAG=mine', 'COLOR=red&blue']);
});
