import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestFromSpec } from '../../../src/api/libpod/create-body.ts';
import type { ContainerSpec } from '../../../src/specgen/container-spec.ts';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { specFromRequest } from '../../../src/specgen/from-options.ts';
import { specGenerator } from '../../../src/specgen/spec-generator.ts';
import { contextFixture, specOf } from './fixture.ts';

/** What the API makes of the specification that a container is printed as. */
function again(spec: ContainerSpec): ContainerSpec {
  const document = JSON.parse(JSON.stringify(specGenerator(spec, undefined))) as Record<string, unknown>;
  const { request } = requestFromSpec(document);
  return specFromRequest(request, { ...contextFixture(), createCommand: spec.createCommand });
}

/** Variables, and options of a tmpfs, have no order. */
function comparable(spec: ContainerSpec): unknown {
  const mounts = spec.mounts.map((mount) => ({ ...mount, options: [...mount.options].sort() }));
  return { ...spec, mounts, process: { ...spec.process, env: [...spec.process.env].sort() } };
}

const CASES: Record<string, CreateOptions> = {
  'nothing but an image': {},
  'a process': {
    name: 'web',
    entrypoint: '["/bin/app","-x"]',
    env: ['A=1', 'B=two words'],
    user: '7:8',
    groupAdd: ['9'],
    workdir: '/srv',
    umask: '0027',
    tty: true,
    interactive: true,
    label: ['tier=web'],
    annotation: ['note=1'],
    stopSignal: 'SIGUSR1',
    stopTimeout: 3,
    timeout: 60,
    ulimit: ['nofile=100:200'],
    tz: 'Europe/Berlin',
  },
  places: {
    hostname: 'box',
    volume: ['data:/data:ro'],
    mount: ['type=tmpfs,destination=/scratch,tmpfs-size=1m', 'type=bind,source=/etc,destination=/host,ro'],
    publish: ['127.0.0.1:8080:80/tcp', '5000-5002:6000-6002/udp'],
    network: ['podman:ip=10.88.0.9,alias=www'],
    dns: ['192.0.2.1'],
    addHost: ['peer:192.0.2.7'],
    pid: 'host',
    ipc: 'private',
  },
  limits: {
    memory: '64m',
    memorySwap: '96m',
    cpus: 1.5,
    cpuShares: 512,
    cpusetCpus: '0',
    pidsLimit: 50,
    shmSize: '1m',
    oomScoreAdj: 100,
  },
  security: {
    capAdd: ['NET_RAW'],
    capDrop: ['CHOWN'],
    readOnly: true,
    securityOpt: ['no-new-privileges', 'seccomp=unconfined', 'mask=/proc/kcore'],
    sysctl: ['net.ipv4.ip_forward=1'],
    restart: 'on-failure:3',
    logDriver: 'json-file',
    logOpt: ['max-size=1m', 'max-file=3', 'tag={{.Name}}', 'labels=tier,other', 'env-regex=^A'],
  },
};

describe('the specification of a container', () => {
  for (const [what, options] of Object.entries(CASES))
    it(`makes the same container again: ${what}`, () => {
      const spec = specOf(options, contextFixture(), ['sh', '-c', 'echo "a b"']);
      assert.deepEqual(comparable(again(spec)), comparable(spec));
    });

  it('leaves out what says nothing', () => {
    const document = specGenerator(specOf({}), undefined);
    for (const member of ['cap_add', 'privileged', 'volumes', 'restart_policy', 'remove', 'dns_server'])
      assert.equal(member in document, false, member);
  });

  it('leaves to the pod what is shared with its infra container', () => {
    const spec = specOf({});
    const joined = { mode: 'container', id: 'infra' } as const;
    const member = {
      ...spec,
      namespaces: { ...spec.namespaces, ipc: joined },
      network: { ...spec.network, mode: joined },
      requires: ['infra', 'other'],
    };
    const document = specGenerator(member, { id: 'pod', infraId: 'infra' });
    assert.equal(document['pod'], 'pod');
    assert.equal('ipcns' in document || 'netns' in document, false);
    assert.deepEqual(document['dependencyContainers'], ['other']);
  });
});
