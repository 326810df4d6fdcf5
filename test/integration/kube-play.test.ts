import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const IMAGE = 'localhost/busybox';
const SLEEP = 'command: [sh, -c, "trap \'exit 0\' TERM; while :; do sleep 3600 & wait; done"]';
const QUIET = ['kube', 'play', '--network', 'none'];

/** A pod of one container; the lines stand in its spec or in the pod's. */
function podText(name: string, container = SLEEP, pod = ''): string {
  const indented = (text: string, by: string): string => (text === '' ? '' : `\n${text.replace(/^/gm, by)}`);
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: ${name}}}\nspec:${indented(pod, '  ')}\n  containers:\n  - name: main\n    image: ${IMAGE}${indented(container, '    ')}\n`;
}

async function play(text: string, flags: readonly string[] = []): Promise<string> {
  return await tspodOk([...QUIET, ...flags, '-'], { input: text });
}

async function down(text: string, flags: readonly string[] = []): Promise<string> {
  return await tspodOk(['kube', 'down', ...flags, '-'], { input: text });
}

describe('kube play', () => {
  before(() => busyboxImage());

  test('makes what the documents say, and down takes it away', async () => {
    const name = freshName('web');
    const folder = mkdtempSync(join(testRoot().base, 'kube-'));
    const text = `
kind: ConfigMap
metadata: {name: ${name}-map}
data: {COLOR: blue, app.conf: "some text"}
---
kind: Secret
metadata: {name: ${name}-creds}
stringData: {pw: hidden-word, user: joe}
---
kind: PersistentVolumeClaim
metadata: {name: ${name}-data}
spec: {accessModes: [ReadWriteOnce]}
---
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 2
  initContainers:
  - {name: prep, image: ${IMAGE}, command: [sh, -c, "echo made > /e/made"], volumeMounts: [{name: e, mountPath: /e}]}
  containers:
  - name: main
    image: ${IMAGE}
    command: [sh, -c]
    args: ["echo $(COLOR); trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"]
    envFrom: [{configMapRef: {name: ${name}-map}}]
    env:
    - {name: PW, valueFrom: {secretKeyRef: {name: ${name}-creds, key: pw}}}
    - {name: URL, value: "db://$(PW)@host"}
    securityContext: {runAsUser: 1000, runAsGroup: 1001, capabilities: {drop: [ALL]}, allowPrivilegeEscalation: false}
    volumeMounts:
    - {name: e, mountPath: /e}
    - {name: m, mountPath: /m}
    - {name: f, mountPath: /etc/f}
    - {name: s, mountPath: /etc/s}
    - {name: d, mountPath: /d}
    - {name: h, mountPath: /h, readOnly: true}
    - {name: f, mountPath: /one, subPath: app.conf}
  - {name: side, image: ${IMAGE}, command: [sleep, "3600"], volumeMounts: [{name: m, mountPath: /m}]}
  volumes:
  - {name: e, emptyDir: {}}
  - {name: m, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: f, configMap: {name: ${name}-map}}
  - {name: s, secret: {secretName: ${name}-creds, items: [{key: pw, path: sub/pw}]}}
  - {name: d, persistentVolumeClaim: {claimName: ${name}-data}}
  - {name: h, hostPath: {path: ${folder}/made, type: DirectoryOrCreate}}
`;
    const output = await play(text);
    const id = '[0-9a-f]{64}';
    assert.match(
      output,
      new RegExp(
        `^Volumes:\\n${name}-data\\nSecrets:\\n[0-9a-f]{25}\\nPod:\\n${id}\\nContainers:\\n${id}\\n${id}\\n*$`,
      ),
    );
    assert.ok(existsSync(`${folder}/made`));
    const inside = (script: string) => tspodOk(['exec', `${name}-main`, 'sh', '-c', script]);
    assert.equal(await inside('cat /e/made; echo more > /e/more; id -u; id -g'), 'made\n1000\n1001');
    assert.equal(await inside('cat /etc/f/COLOR /etc/s/sub/pw /one'), 'bluehidden-wordsome text');
    assert.equal(
      await inside('echo $URL; grep CapEff /proc/1/status'),
      'db://hidden-word@host\nCapEff:\t0000000000000000',
    );
    assert.equal(await inside('touch /h/x 2>/dev/null || echo read-only'), 'read-only');
    await inside('echo shared > /m/file');
    assert.equal(await tspodOk(['exec', `${name}-side`, 'cat', '/m/file']), 'shared');
    const full = await tspod(['exec', `${name}-side`, 'sh', '-c', 'head -c 2000000 /dev/zero > /m/large']);
    assert.notEqual(full.code, 0);
    assert.equal(await tspodOk(['logs', `${name}-main`]), 'blue');
    const document = await tspodOk(['inspect', `${name}-main`]);
    assert.doesNotMatch(document, /hidden-word/);
    // Secrets are there again after a restart.
    await tspodOk(['pod', 'restart', name]);
    assert.equal(await inside('cat /etc/s/sub/pw; echo $PW'), 'hidden-wordhidden-word');
    const again = await tspod([...QUIET, '-'], { input: text });
    assert.equal(again.code, 125);
    assert.match(again.stderr, /pod already exists\nuse --replace/);
    assert.match(
      await play(text, ['--replace']),
      /^Pods stopped:\n[0-9a-f]{64}\nPods removed:\n[0-9a-f]{64}\n/,
    );
    await down(text);
    assert.equal((await tspod(['volume', 'exists', `${name}-data`])).code, 0);
    assert.match(
      await down(text, ['--force']),
      new RegExp(`^Pods stopped:\nPods removed:\nSecrets removed:\nVolumes removed:\n${name}-data$`),
    );
    assert.equal(await tspodOk(['volume', 'ls', '--quiet', '--filter', `name=${name}`]), '');
    assert.equal(await tspodOk(['volume', 'ls', '--quiet', '--filter', 'anonymous=true']), '');
    assert.equal((await tspod(['secret', 'exists', `${name}-creds`])).code, 1);
  });

  test('makes nothing of a document that it cannot honour', async () => {
    const name = freshName('bad');
    const claim = `kind: PersistentVolumeClaim\nmetadata: {name: ${name}}\nspec: {}\n---\n`;
    const bad = `${claim}${podText(name, '', 'runtimeClassName: gvisor')}`;
    const refused = await tspod([...QUIET, '-'], { input: bad });
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /Pod\/.*: spec\.runtimeClassName is not supported/);
    const missing = podText(name).replace(IMAGE, 'localhost/nowhere:1');
    assert.equal((await tspod([...QUIET, '-'], { input: missing })).code, 125);
    const broken = await tspod([...QUIET, '-'], {
      input: 'kind: Secret\nstringData: {pw: hidden, pw: hidden}\n',
    });
    assert.match(broken.stderr, /cannot read the Kubernetes file: line 2/);
    assert.doesNotMatch(broken.stderr, /hidden/);
    assert.equal(await tspodOk(['pod', 'ps', '--quiet']), '');
    assert.equal((await tspod(['volume', 'exists', name])).code, 1);
  });

  test('stops by the signal, and starts again as often, as the documents say', async () => {
    const name = freshName('job');
    const container = (script: string, more = ''): string =>
      `{name: c, image: ${IMAGE}, command: [sh, -c, "${script}"]${more}}`;
    const job = `kind: Job\nmetadata: {name: ${name}}\nspec: {backoffLimit: 1, template: {spec: {restartPolicy: OnFailure, containers: [${container('exit 3')}]}}}`;
    const uid = '{name: UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}';
    const trap = container(
      "trap 'echo $UID; exit 0' USR1; trap '' TERM; while :; do sleep 0.1; done",
      `, lifecycle: {stopSignal: SIGUSR1, preStop: {exec: {command: [x]}}}, env: [${uid}]`,
    );
    const pod = `kind: Pod\nmetadata: {name: ${name}}\nspec: {restartPolicy: Never, containers: [${trap}]}`;
    const text = `${job}\n---\n${pod}`;
    const { code, stderr } = await tspod([...QUIET, '-'], { input: text });
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      new RegExp(`Pod/${name}: has no effect here: spec\\.containers\\[0\\]\\.lifecycle\\.preStop`),
    );
    const format = '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}';
    await waitFor(
      'the last attempt',
      async () => (await tspodOk(['inspect', '-f', format, `${name}-pod-c`])) === 'exited 3 1',
    );
    const id = await tspodOk(['pod', 'inspect', '-f', '{{.Id}}', name]);
    await tspodOk(['stop', '-t', '30', `${name}-c`]);
    assert.equal(await tspodOk(['logs', `${name}-c`]), id);
    await down(text);
  });

  test('ends with --wait when the pods have ended, and takes all away', async () => {
    const name = freshName('job');
    const job = `kind: Job\nmetadata: {name: ${name}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: ${IMAGE}, command: [sh, -c, "sleep 1"]}]}}}`;
    const output = await play(job, ['--wait']);
    assert.match(
      output,
      /Cleaning up containers, pods, and volumes\.\.\.\nPods stopped:\n[0-9a-f]{64}\nPods removed:/,
    );
    const waiting = freshName('waiting');
    const child = spawnTspod([...QUIET, '--wait', '-']);
    child.write(podText(waiting));
    child.endInput();
    const status = ['pod', 'ps', '--filter', `name=${waiting}`, '--format', '{{.Status}}'];
    await waitFor('that', async () => (await tspodOk(status)) === 'Running');
    child.kill('SIGTERM');
    assert.equal((await child.exit).code, 0);
    assert.equal(await tspodOk(['pod', 'ps', '--quiet']), '');
  });

  test('takes options, several files and web addresses', async () => {
    const [one, two] = [freshName('one'), freshName('two')];
    const folder = mkdtempSync(join(testRoot().base, 'kube-'));
    writeFileSync(join(folder, 'map.yaml'), 'kind: ConfigMap\nmetadata: {name: m}\ndata: {A: b}\n');
    writeFileSync(join(folder, 'one.yaml'), podText(one, `${SLEEP}\nenvFrom: [{configMapRef: {name: m}}]`));
    const server = createServer((_request, response) => response.end(podText(two))).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/two.yaml`;
    const files = [join(folder, 'one.yaml'), url];
    await tspodOk([
      ...QUIET,
      '--start=false',
      '--no-pod-prefix',
      '--configmap',
      join(folder, 'map.yaml'),
      '--log-driver',
      'json-file',
      files[0] ?? '',
    ]);
    assert.equal(
      await tspodOk(['inspect', '-f', '{{.State.Status}} {{.HostConfig.LogConfig.Type}}', 'main']),
      'created json-file',
    );
    await tspodOk(['kube', 'down', ...files]);
    await tspodOk([...QUIET, '--configmap', join(folder, 'map.yaml'), ...files]);
    assert.equal(await tspodOk(['exec', `${one}-main`, 'sh', '-c', 'echo $A']), 'b');
    assert.equal(await tspodOk(['exec', `${two}-main`, 'hostname']), two);
    assert.match(await tspodOk(['play', 'kube', '--down', ...files]), /(?:[0-9a-f]{64}\n){2}Pods removed/);
    server.close();
  });

  test('builds an image that has a directory', async () => {
    const name = freshName('built');
    const folder = mkdtempSync(join(testRoot().base, 'kube-'));
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'Containerfile'), `FROM ${IMAGE}\nRUN echo here > /made\n`);
    const text = podText(name).replace(IMAGE, `localhost/${name}:1`);
    const none = await tspod([...QUIET, '--build=false', '-'], { input: text, cwd: folder });
    assert.equal(none.code, 125);
    await tspodOk([...QUIET, '-q', '-'], { input: text, cwd: folder });
    assert.equal(await tspodOk(['exec', `${name}-main`, 'cat', '/made']), 'here');
    writeFileSync(join(folder, name, 'Containerfile'), `FROM ${IMAGE}\nRUN echo anew > /made\n`);
    await tspodOk([...QUIET, '--replace', '--build', '--context-dir', folder, '-'], { input: text });
    assert.equal(await tspodOk(['exec', `${name}-main`, 'cat', '/made']), 'anew');
    await down(text);
    await tspodOk(['rmi', `localhost/${name}:1`]);
  });

  test('follows no link out of a directory of the host for a subPath, at any start', async () => {
    const name = freshName('below');
    const [shared, outside] = ['shared-', 'outside-'].map((word) => mkdtempSync(join(testRoot().base, word)));
    assert.ok(shared !== undefined && outside !== undefined);
    chmodSync(shared, 0o777);
    mkdirSync(join(shared, 'sub'));
    writeFileSync(join(shared, 'sub', 'file'), 'inside');
    writeFileSync(join(outside, 'file'), 'of the host');
    const text = podText(
      name,
      'command: [cat, /s/file]\nvolumeMounts: [{name: h, mountPath: /s, subPath: sub}, {name: h, mountPath: /all}]',
      `restartPolicy: Never\nvolumes: [{name: h, hostPath: {path: ${shared}}}]`,
    );
    await play(text, ['--start=false']);
    assert.equal(await tspodOk(['start', '-a', `${name}-main`]), 'inside');
    await tspodOk([
      ...['run', '--rm', '--network', 'none', '-v', `${shared}:/all`, IMAGE, 'sh', '-c'],
      `rm -r /all/sub && ln -s ${outside} /all/sub`,
    ]);
    const { code, stdout, stderr } = await tspod(['start', '-a', `${name}-main`]);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout, /of the host/);
    assert.match(stderr, /cannot mount subpath sub of /);
    await down(text);
  });

  test('starts a container anew whose liveness probe fails', async () => {
    const name = freshName('probed');
    const text = podText(
      name,
      `${SLEEP}\nlivenessProbe: {exec: {command: [test, "!", -e, /bad]}, periodSeconds: 1, failureThreshold: 1}`,
    );
    await play(text);
    await waitFor('that', async () =>
      /healthy/.test(await tspodOk(['ps', '--filter', `name=${name}-main`, '--format', '{{.Status}}'])),
    );
    await tspodOk(['exec', `${name}-main`, 'touch', '/bad']);
    await waitFor(
      'that',
      async () => Number(await tspodOk(['inspect', '-f', '{{.RestartCount}}', `${name}-main`])) > 0,
    );
    await down(text);
  });

  test('puts pods on a network where they find each other, and publishes ports', async () => {
    const [server, client] = [freshName('server'), freshName('client')];
    const text = `${podText(server, 'command: [sh, -c, "echo served > /index.html; httpd -f -p 8080 -h /"]\nports: [{containerPort: 8080, hostPort: 18231, hostIP: 127.0.0.1}]')}---\n${podText(client)}`;
    await tspodOk(['kube', 'play', '-'], { input: text });
    const fetched = () =>
      tspod(['exec', `${client}-main`, 'wget', '-qO-', `http://${server}:8080/index.html`]);
    await waitFor('that', async () => (await fetched()).stdout === 'served\n');
    assert.equal(
      await tspodOk([
        'inspect',
        '-f',
        '{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}',
        await tspodOk(['pod', 'inspect', '-f', '{{.InfraContainerID}}', client]),
      ]),
      'podman-default-kube-network',
    );
    await down(text);
    await tspodOk(['network', 'rm', 'podman-default-kube-network']);
  });
});
