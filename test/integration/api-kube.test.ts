import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testEnvironment, tspodOk } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';

let service: ApiService;
const start = async () => {
  await busyboxImage();
  service = await startApiService();
};
const stop = () => service.stop();

function podText(name: string): string {
  return `kind: Secret\nmetadata: {name: ${name}}\nstringData: {pw: hidden}\n---\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  terminationGracePeriodSeconds: 0\n  containers:\n  - {name: c, image: ${BUSYBOX}, command: [sleep, "1000"]}\n`;
}

describe("libpod's paths of Kubernetes files", () => {
  before(start);
  after(stop);

  test('play, generate and take down', async () => {
    const name = freshName('kube');
    const path = '/v5.0.0/libpod/play/kube';
    const answer = await service.request('POST', `${path}?network=none&annotations={"a":"b"}`, podText(name));
    assert.equal(answer.status, 200, answer.text);
    const report = JSON.parse(answer.text) as {
      Pods: { ID: string; Containers: string[]; ContainerErrors: string[] }[];
      Secrets: unknown[];
    };
    assert.deepEqual(
      [report.Pods.length, report.Secrets.length, report.Pods[0]?.ContainerErrors],
      [1, 1, []],
    );
    assert.equal(
      await tspodOk([
        'inspect',
        '-f',
        '{{.Id}} {{.State.Status}} {{index .Config.Annotations "a"}}',
        `${name}-c`,
      ]),
      `${report.Pods[0]?.Containers[0]} running b`,
    );
    const again = await service.request('POST', `${path}?network=none`, podText(name));
    assert.equal(again.status, 409);
    const generated = await service.request('GET', `/v5.0.0/libpod/generate/kube?names=${name}`);
    assert.match(generated.text, /kind: Pod\n/);
    const down = await service.request('DELETE', '/v5.0.0/libpod/kube/play', podText(name));
    const gone = JSON.parse(down.text) as {
      StopReport: { Id: string }[];
      RmReport: { Id: string; Err: null }[];
    };
    assert.deepEqual(
      [gone.StopReport[0]?.Id, gone.RmReport],
      [report.Pods[0]?.ID, [{ Err: null, Id: report.Pods[0]?.ID }]],
    );
  });

  test('refuse what is unknown, in documents and in parameters', async () => {
    const post = (query: string, text: string) =>
      service.request('POST', `/v5.0.0/libpod/kube/play${query}`, text);
    assert.equal((await post('?wait=true', podText('x'))).status, 501);
    assert.equal((await post('', podText('x').replace('image', 'imagee'))).status, 400);
    assert.equal((await post('', 'a: [')).status, 400);
    assert.equal((await service.request('GET', '/v5.0.0/libpod/generate/kube?names=nowhere')).status, 404);
    const file =
      'kind: PersistentVolumeClaim\nmetadata: {name: v, annotations: {volume.podman.io/import-source: /etc/x.tar}}\nspec: {}';
    assert.equal((await post('', file)).status, 501);
  });
});

describe('podman --remote', { skip: requires('podman') }, () => {
  before(start);
  after(stop);

  const podman = (args: string[], input?: string) =>
    runProgram(programPath('podman'), ['--remote', '--url', service.uri, ...args], {
      env: testEnvironment(),
      ...(input === undefined ? {} : { input }),
    });

  test('plays, generates and takes down', async () => {
    const name = freshName('remote');
    const played = await podman(['play', 'kube', '--network', 'none', '-'], podText(name));
    assert.match(played.stdout, /Pod:\n[0-9a-f]{64}\nContainer:\n[0-9a-f]{64}\n/, played.stderr);
    assert.match((await podman(['generate', 'kube', name])).stdout, new RegExp(`name: ${name}\n`));
    const down = await podman(['play', 'kube', '--down', '-'], podText(name));
    assert.match(down.stdout, /Pods stopped:\n[0-9a-f]{64}\nPods removed:\n[0-9a-f]{64}\n/, down.stderr);
    assert.equal(await tspodOk(['pod', 'ps', '--quiet', '--filter', `name=${name}`]), '');
  });
});
