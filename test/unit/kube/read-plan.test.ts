import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidSpecError, UnsupportedError } from '../../../src/base/errors.ts';
import { mentionedSecrets, namesOf } from '../../../src/kube/read-plan.ts';
import { mainOf, planOf, podText } from './fixture.ts';

const CONFIG = 'kind: ConfigMap\nmetadata: {name: settings}\ndata: {COLOR: blue, "app.conf": "text"}\n---\n';
const SECRET = 'kind: Secret\nmetadata: {name: creds}\nstringData: {pw: hidden}\n---\n';

describe('a pod', () => {
  test('becomes options of a pod and of its containers', () => {
    const { pod, options, main } = mainOf(
      podText(
        'command: [run]\nargs: ["8080:80", "2024-01-01"]\nworkingDir: /srv\nports: [{containerPort: 80, hostPort: 8080, hostIP: "::1"}]\nsecurityContext: {runAsUser: 5, runAsGroup: 6, capabilities: {add: [net_admin]}}\nresources: {limits: {cpu: 500m, memory: 64Mi}, requests: {cpu: "1"}}',
        'restartPolicy: OnFailure\nhostname: box\nterminationGracePeriodSeconds: 3\nhostAliases: [{ip: 10.0.0.1, hostnames: [a, b]}]\ndnsConfig: {nameservers: [9.9.9.9], searches: [x.y], options: [{name: ndots, value: "2"}]}',
      ),
    );
    assert.deepEqual(pod.options, {
      name: 'web',
      label: [],
      exitPolicy: 'stop',
      share: 'net,uts,ipc',
      hostname: 'box',
      addHost: ['a:10.0.0.1', 'b:10.0.0.1'],
      dns: ['9.9.9.9'],
      dnsSearch: ['x.y'],
      dnsOption: ['ndots:2'],
      publish: ['[::1]:8080:80/tcp'],
    });
    assert.deepEqual(main.request.command, ['8080:80', '2024-01-01']);
    assert.deepEqual(options, {
      user: '5:6',
      capAdd: ['CAP_NET_ADMIN'],
      sdnotify: 'ignore',
      memory: '67108864b',
      cpus: 0.5,
      cpuShares: 1024,
      name: 'web-main',
      annotation: [],
      label: [],
      env: [],
      pull: 'missing',
      restart: 'on-failure',
      stopTimeout: 3,
      entrypoint: '["run"]',
      workdir: '/srv',
    });
  });

  test('of a template is called after what it belongs to, and is one', () => {
    const template = 'template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}';
    for (const [kind, extra] of [
      ['Deployment', 'replicas: 3, selector: {}, '],
      ['DaemonSet', ''],
      ['Job', 'completions: 2, backoffLimit: 1, '],
    ]) {
      const text = `kind: ${kind}\nmetadata: {name: shop}\nspec: {${extra}${template}}`;
      const { plan, warnings } = planOf(text);
      assert.deepEqual([plan.pods[0]?.name, plan.pods[0]?.options.label], ['shop-pod', ['a=b']]);
      assert.equal(plan.pods[0]?.containers[0]?.request.options.name, 'shop-pod-c');
      assert.equal(warnings.length, kind === 'DaemonSet' ? 0 : 1);
      assert.deepEqual(namesOf(text), { pods: ['shop-pod'], secrets: [], claims: [] });
    }
  });

  test('is told what has no effect, in a line a document, but not what a cluster fills in', () => {
    const { plan, warnings } = planOf(
      podText(
        'readinessProbe: {exec: {command: [x]}}\nlifecycle: {preStop: {exec: {command: [x]}}, stopSignal: SIGUSR1}\nterminationMessagePolicy: File',
        'schedulerName: default-scheduler\nnodeName: n\nactiveDeadlineSeconds: 5\nos: {name: linux}\nenableServiceLinks: true',
      ),
    );
    assert.equal(plan.pods[0]?.containers[0]?.request.options.stopSignal, 'SIGUSR1');
    assert.deepEqual(warnings, [
      'Pod/web: has no effect here: spec.activeDeadlineSeconds, spec.nodeName, spec.containers[0].readinessProbe, spec.containers[0].lifecycle.preStop',
    ]);
    const labels = podText('', 'securityContext: {seLinuxOptions: {level: s0}}');
    assert.deepEqual(mainOf(labels).options.securityOpt, ['label=level:s0']);
    assert.equal(mainOf(labels, { selinux: false }).options.securityOpt, undefined);
    assert.deepEqual(planOf(labels, { selinux: false }).warnings, [
      'Pod/web: has no effect here: spec.securityContext.seLinuxOptions',
    ]);
    const claim = planOf(
      'kind: PersistentVolumeClaim\nmetadata: {name: d}\nspec: {accessModes: [ReadWriteOnce], volumeName: v}',
    );
    assert.deepEqual(claim.warnings, ['PersistentVolumeClaim/d: has no effect here: spec.volumeName']);
  });

  test('of a Job starts a container again as often as the job may fail', () => {
    const restart = (job: string, pod: string): string | undefined => {
      const spec = `{template: {spec: {${pod}containers: [{name: c, image: i}]}}${job}}`;
      const { plan } = planOf(`kind: Job\nmetadata: {name: shop}\nspec: ${spec}`);
      return plan.pods[0]?.containers[0]?.request.options.restart;
    };
    assert.equal(restart(', backoffLimit: 3', 'restartPolicy: OnFailure, '), 'on-failure:3');
    assert.equal(restart(', backoffLimit: 0', 'restartPolicy: OnFailure, '), 'no');
    assert.equal(restart(', backoffLimit: 3', 'restartPolicy: Never, '), 'no');
    assert.equal(restart('', 'restartPolicy: OnFailure, '), 'on-failure');
  });

  test('is refused by the path of what is unknown or cannot be had', () => {
    for (const [text, path, kind] of [
      [podText('comand: [x]'), 'Pod/web: spec.containers[0].comand: unknown field', InvalidSpecError],
      [podText('', 'runtimeClassName: x'), 'Pod/web: spec.runtimeClassName is not', UnsupportedError],
      [podText('', 'os: {name: windows}'), 'spec.os.name: windows is not', UnsupportedError],
      [podText('', 'volumes: [{name: v, nfs: {server: x}}]'), 'spec.volumes[0].nfs is not', UnsupportedError],
      [
        podText('env: [{name: A, value: [5]}]'),
        'spec.containers[0].env[0].value: must be a string',
        InvalidSpecError,
      ],
      [
        podText('resources: {limits: {"nvidia.com/gpu": 1}}'),
        'limits.nvidia.com/gpu: there is no',
        InvalidSpecError,
      ],
      [
        podText('volumeMounts: [{name: v, mountPath: /v}]'),
        'volumeMounts[0].name: the pod has no volume',
        InvalidSpecError,
      ],
      [
        podText('env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]'),
        'fieldRef.fieldPath: status.podIP',
        UnsupportedError,
      ],
      [
        podText('securityContext: {runAsUser: 0, runAsNonRoot: true}'),
        'runAsNonRoot: contradicts',
        InvalidSpecError,
      ],
      [
        podText('securityContext: {seccompProfile: {type: Localhost, localhostProfile: ../x}}'),
        'must be a path below /profiles',
        InvalidSpecError,
      ],
      [
        podText(
          'volumeMounts: [{name: v, mountPath: /v, subPath: ../../etc}]',
          'volumes: [{name: v, hostPath: {path: /srv}}]',
        ),
        'must be a path below the volume',
        InvalidSpecError,
      ],
      ['kind: Pod\nmetadata: {name: ../x}\nspec: {}', 'metadata.name', InvalidSpecError],
      ['kind: Service\nmetadata: {name: x}', 'does not contain any supported kube kind', InvalidSpecError],
      [CONFIG, 'ConfigMaps are not a standalone object', InvalidSpecError],
      [
        'a: &a [x, x]\nb: &b [*a, *a]\nkind: Pod\nkind: Pod',
        'cannot read the Kubernetes file',
        InvalidSpecError,
      ],
    ] as const)
      assert.throws(
        () => planOf(text),
        (error) => error instanceof kind && error.message.includes(path),
        `${path}`,
      );
  });

  test('of a few lines does not become a large one', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    assert.throws(() => planOf(`${lines.join('\n')}\nkind: Pod`), /alias/i);
  });
});

describe('annotations', () => {
  const annotated = (lines: string, more = '') =>
    mainOf(podText(more).replace('{name: web}', `{name: web, annotations: {${lines}}}`));

  test('of podman hold, and are refused where they cannot', () => {
    const { pod, options } = annotated(
      'io.podman.annotations.userns: "auto", "io.podman.annotations.pids-limit/main": "7", "io.containers.autoupdate/main": registry, "io.podman.annotations.publish-all/main": "FALSE"',
    );
    assert.deepEqual([pod.options.userns, options.pidsLimit], ['auto', 7]);
    assert.deepEqual(options.label, ['io.containers.autoupdate=registry']);
    assert.throws(
      () => annotated('"io.podman.annotations.kube.image.automount/main": x'),
      /Pod\/web: metadata\.annotations\["io\.podman\.annotations\.kube\.image\.automount\/main"\] is not supported/,
    );
  });
});

describe('environment', () => {
  test('comes from maps, from the pod itself and from variables before', () => {
    const { options, main } = mainOf(
      `${CONFIG}${podText('envFrom: [{configMapRef: {name: settings}, prefix: P_}]\nenv: [{name: A, value: "$(P_COLOR)-$$(x)-$(NO)"}, {name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}]\nresources: {limits: {memory: 1Gi}}\nargs: ["$(A)"]')}`,
    );
    assert.deepEqual(options.env, [
      'P_COLOR=blue',
      'P_app.conf=text',
      'A=blue-$(x)-$(NO)',
      'ME=web',
      'MEM=1024',
    ]);
    assert.deepEqual(main.request.command, ['blue-$(x)-$(NO)']);
  });

  test('is text also where quotes are missing', () => {
    const { options } = mainOf(
      podText('env: [{name: A, value: 5}, {name: B, value: true}, {name: y, value: n}]'),
    );
    assert.deepEqual(options.env, ['A=5', 'B=true', 'y=n']);
  });

  test('never holds what is in a secret', () => {
    const { options, extras } = mainOf(
      `${SECRET}${podText('env: [{name: PW, valueFrom: {secretKeyRef: {name: creds, key: pw}}}, {name: URL, value: "db://$(PW)@host"}]')}`,
    );
    const pw = { name: 'creds', key: 'pw' };
    assert.deepEqual(options.env, []);
    assert.deepEqual(extras.secrets, [
      { type: 'env', name: 'creds', target: 'PW', parts: [pw] },
      { type: 'env', name: 'creds', target: 'URL', parts: ['db://', pw, '@host'] },
    ]);
    const seen = podText(
      'env: [{name: PW, valueFrom: {secretKeyRef: {name: creds, key: pw}}}]\nargs: ["$(PW)"]',
    );
    assert.throws(() => planOf(`${SECRET}${seen}`), UnsupportedError);
  });

  test('lacks what is optional, and nothing else', () => {
    const of = (optional: string) =>
      podText(`env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: k${optional}}}}]`);
    assert.deepEqual(mainOf(of(', optional: true')).options.env, []);
    assert.throws(() => planOf(of('')), /there is no Secret "none"/);
    const kept = mainOf(of(''), { keptSecretKeys: () => ['k'] });
    assert.equal(kept.extras.secrets.length, 1);
    assert.deepEqual(mentionedSecrets(of('')), ['none']);
  });
});

describe('volumes', () => {
  test('are mounted, and filled before the start', () => {
    const { pod, extras } = mainOf(
      `${CONFIG}${SECRET}${podText(
        'volumeMounts: [{name: e, mountPath: /e}, {name: m, mountPath: /m}, {name: c, mountPath: /c, readOnly: true}, {name: f, mountPath: /f}, {name: s, mountPath: /s}, {name: s, mountPath: /one, subPath: pw}, {name: h, mountPath: "/h:z", mountPropagation: HostToContainer, subPath: sub}, {name: i, mountPath: /i}]',
        'volumes: [{name: e, emptyDir: {}}, {name: m, emptyDir: {medium: Memory, sizeLimit: 1Mi}}, {name: c, persistentVolumeClaim: {claimName: data}}, {name: f, configMap: {name: settings, defaultMode: 0400, items: [{key: COLOR, path: a/b}]}}, {name: s, secret: {secretName: creds}}, {name: h, hostPath: {path: /srv, type: Directory}}, {name: i, image: {reference: img:2}}]',
      )}`,
    );
    assert.deepEqual(
      extras.mounts.map((mount) => [
        mount.type,
        mount.destination,
        'name' in mount ? mount.name : 'source' in mount ? mount.source : 'image' in mount ? mount.image : '',
        mount.options.filter((word) => ['ro', 'nocopy', 'z', 'rslave'].includes(word)).join(' '),
      ]),
      [
        ['volume', '/e', 'volume2', 'nocopy'],
        ['volume', '/m', 'volume3', 'nocopy'],
        ['volume', '/c', 'data', 'ro'],
        ['volume', '/f', 'volume4', 'ro nocopy'],
        ['volume', '/s', 'volume5', 'ro nocopy'],
        ['bind', '/h', '/srv/sub', 'z rslave'],
        ['image', '/i', 'img:2', 'ro'],
      ],
    );
    assert.deepEqual(
      extras.secrets.map((use) => [use.target, use.type === 'mount' && use.key]),
      [
        ['/s/pw', 'pw'],
        ['/one', 'pw'],
      ],
    );
    const files = pod.volumes.find(({ type }) => type === 'files');
    assert.deepEqual(files?.type === 'files' && files.files.map(({ path, mode }) => [path, mode]), [
      ['a/b', 0o400],
    ]);
  });
});

describe('probes', () => {
  test('become health checks', () => {
    const { options } = mainOf(
      podText(
        'ports: [{name: http, containerPort: 8080}]\nlivenessProbe: {httpGet: {port: http, path: "/it\'s"}, periodSeconds: 5, initialDelaySeconds: 7}\nstartupProbe: {exec: {command: [test, -f, /up]}, failureThreshold: 9}',
      ),
    );
    assert.equal(
      options.healthCmd,
      JSON.stringify(['CMD-SHELL', `curl -fsS -o /dev/null 'http://localhost:8080/it'\\''s' || exit 1`]),
    );
    assert.deepEqual(
      [options.healthInterval, options.healthTimeout, options.healthRetries, options.healthStartPeriod],
      ['5s', '1s', 3, '7s'],
    );
    assert.deepEqual(
      [options.healthOnFailure, options.healthStartupCmd, options.healthStartupRetries],
      ['kill', '["CMD","test","-f","/up"]', 9],
    );
  });
});

describe('claims and secrets', () => {
  test('keep what the documents say', () => {
    const { plan } = planOf(
      `${SECRET}kind: PersistentVolumeClaim\nmetadata: {name: data, annotations: {volume.podman.io/type: tmpfs, volume.podman.io/device: tmpfs, volume.podman.io/uid: "7"}}\nspec: {accessModes: [ReadWriteOnce]}`,
    );
    assert.deepEqual(plan.claims[0]?.options, { device: 'tmpfs', type: 'tmpfs' });
    assert.equal(plan.claims[0]?.uid, 7);
    assert.match(plan.secrets[0]?.text ?? '', /data:\n {2}pw: aGlkZGVu\n/);
    assert.doesNotMatch(plan.secrets[0]?.text ?? '', /stringData/);
    const broken = 'kind: Secret\nmetadata: {name: s}\ndata: {pw: "not base 64!"}';
    assert.throws(
      () => planOf(broken),
      (error) => error instanceof InvalidSpecError && !error.message.includes('not base'),
    );
  });
});
