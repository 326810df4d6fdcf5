import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CREATE, IMAGE, type Operation } from '../../fixtures/crash-operation.ts';
import { testRoot, tspodOk } from '../../fixtures/harness.ts';

const TEXT = `
kind: Secret
metadata: {name: word}
stringData: {pw: hidden}
---
kind: ConfigMap
metadata: {name: settings}
data: {COLOR: blue}
---
kind: PersistentVolumeClaim
metadata: {name: kept}
spec: {}
---
kind: Pod
metadata: {name: pod}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: victim
    image: ${IMAGE}
    command: [sleep, "1000"]
    volumeMounts: [{name: f, mountPath: /f}, {name: e, mountPath: /e}, {name: k, mountPath: /k}, {name: s, mountPath: /s}]
  volumes:
  - {name: f, configMap: {name: settings}}
  - {name: s, secret: {secretName: word}}
  - {name: e, emptyDir: {}}
  - {name: k, persistentVolumeClaim: {claimName: kept}}
`;

function file(): string {
  const path = join(testRoot().base, 'kube.yaml');
  writeFileSync(path, TEXT);
  return path;
}

const play = (...flags: string[]) => ['kube', 'play', '--network', 'none', ...flags, file()];
const down = () => tspodOk(['kube', 'down', '--force', file()]);
const playsAgain = async () => {
  await tspodOk(play('--replace'));
  assert.equal(await tspodOk(['exec', 'pod-victim', 'cat', '/f/COLOR', '/s/pw']), 'bluehidden');
};

export const KUBE: readonly Operation[] = [
  {
    name: 'kube play',
    prepare: async () => {
      // The key of the store's secrets is made once.
      await tspodOk(play('--start=false'));
      await down();
    },
    args: play,
    points: [
      'kube-play-before-pods',
      'pod-create-after-row',
      'kube-play-after-pod',
      ...CREATE.map((point) => (point.startsWith('volume-') ? point : `${point}:2`)),
      'kube-play-before-start',
      'pod-start-after-infra',
      'pod-start-after-containers',
    ],
    afterwards: playsAgain,
    forget: down,
  },
  {
    name: 'kube down',
    before: () => tspodOk(play()),
    args: () => ['kube', 'down', '--force', file()],
    points: ['pod-stop-before-infra', 'pod-remove-after-mark', 'pod-remove-after-row'],
    afterwards: async () => {
      await down();
      await playsAgain();
    },
    forget: down,
  },
];
