import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { intoPod, movedToCopy } from '../../../src/engine/into-pod.ts';
import type { ContainerRecord } from '../../../src/libpod/container.ts';
import type { PodRecord } from '../../../src/libpod/pod.ts';
import { specOf } from '../specgen/fixture.ts';

const container = (id: string): ContainerRecord => ({
  ...{ id, name: id, imageId: undefined, imageName: '', layerId: undefined, podId: undefined },
  ...{ spec: specOf({}), state: 'created', exitCode: undefined, exitLost: false, oomKilled: false },
  ...{ error: '', pid: undefined, monitorPid: undefined, monitorStart: undefined, bootId: undefined },
  ...{ owner: undefined, buildOwner: undefined, createdAt: '', startedAt: undefined, finishedAt: undefined },
  ...{ restartCount: 0, stoppedByUser: false, facts: {}, checkpoint: undefined, project: undefined },
});

const pod = (id: string, shares: PodRecord['spec']['shares']): PodRecord => ({
  ...{ id, name: id, state: 'ready', owner: undefined, infraId: `${id}-infra`, createdAt: '' },
  spec: {
    ...{
      version: 1,
      createCommand: [],
      labels: {},
      hostname: '',
      exitPolicy: 'continue',
      restart: undefined,
    },
    ...{ shares, cgroup: `/pods/${id}`, cgroupParent: undefined, hasVolumes: false },
    inherited: { device: [], securityOpt: [] },
  },
});

describe('a container that becomes part of a pod', () => {
  it('joins what the pod shares, and nothing else', () => {
    const spec = intoPod(
      specOf({ publish: ['80:80'], hostname: 'own' }),
      pod('p', ['net', 'uts']),
      container('i'),
    );
    assert.deepEqual(spec.network.mode, { mode: 'container', id: 'i' });
    assert.deepEqual([spec.network.ports, spec.hostname], [[], undefined]);
    assert.deepEqual(spec.namespaces.uts, { mode: 'container', id: 'i' });
    assert.deepEqual(spec.namespaces.pid, { mode: 'private' });
    assert.equal(spec.resources.cgroupParent, '/pods/p');
    assert.deepEqual([spec.requires, spec.dependencies], [['i'], ['i']]);
  });

  it('has of the copy of its pod what it had of the pod', () => {
    const from = pod('p', ['net']);
    const old = intoPod(specOf({}), from, container('i'));
    const ids = new Map([['i', 'j']]);
    const place = { from, to: pod('q', ['net']), infra: container('j') };
    const spec = movedToCopy({ ...old, dependencies: ['i', 'outside'] }, ids, place);
    assert.deepEqual(spec.network.mode, { mode: 'container', id: 'j' });
    assert.equal(spec.resources.cgroupParent, '/pods/q');
    assert.deepEqual([spec.requires, spec.dependencies], [['j'], ['j', 'outside']]);
  });
});
