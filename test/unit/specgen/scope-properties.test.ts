import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRuntimeSpec } from '../../../src/specgen/to-runtime-spec.ts';
import { bundleFixture, contextFixture, hostFixture, specOf } from './fixture.ts';

const annotationsOf = (cgroupManager: 'systemd' | 'cgroupfs', annotation: string[] = []) =>
  toRuntimeSpec(
    specOf({ stopTimeout: 30, stopSignal: 'SIGUSR1', annotation }, contextFixture()),
    hostFixture({ cgroupManager }),
    bundleFixture(),
  ).annotations ?? {};

test('systemd is told the stop signal and timeout for the scope that it makes', () => {
  const annotations = annotationsOf('systemd');
  assert.equal(annotations['org.systemd.property.KillSignal'], '10');
  assert.equal(annotations['org.systemd.property.TimeoutStopUSec'], 'uint64 30000000');
});

test('who sets a property of the scope by an annotation is heard', () => {
  const annotations = annotationsOf('systemd', ['org.systemd.property.TimeoutStopUSec=uint64 1']);
  assert.equal(annotations['org.systemd.property.TimeoutStopUSec'], 'uint64 1');
});

test('without systemd there are no such annotations', () => {
  assert.deepEqual(
    Object.keys(annotationsOf('cgroupfs')).filter((name) => name.startsWith('org.systemd')),
    [],
  );
});
