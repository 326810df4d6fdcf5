import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { withoutBridges } from '../fixtures/networks.ts';

interface Listed {
  Id: string;
  Names: string[];
  State: string;
  Labels: Record<string, string>;
  NetworkSettings: { Networks: Record<string, { NetworkID: string }> };
}

describe('a client that asks as the compose plugin does', () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });
  after(() => service.stop());

  const ask = async (method: string, path: string, status: number, body?: unknown): Promise<unknown> => {
    const answer = await service.request(method, `/v1.51${path}`, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.json;
  };
  const filters = (words: Record<string, string[]>): string =>
    `filters=${encodeURIComponent(JSON.stringify(words))}`;

  test('brings a project up and down', { skip: withoutBridges() }, async () => {
    const project = freshName('shop');
    const labels = { 'com.docker.compose.project': project, 'com.docker.compose.oneoff': 'False' };
    const mine = filters({ label: Object.entries(labels).map(([key, value]) => `${key}=${value}`) });
    const network = `${project}_default`;
    const volume = `${project}_data`;

    await ask('HEAD', '/_ping', 200);
    await ask('GET', '/info', 200);
    await ask('GET', `/images/localhost/none-${project}:latest/json`, 404);
    const image = (await ask('GET', `/images/${BUSYBOX}/json`, 200)) as { Id: string };
    await ask('GET', `/networks/${network}`, 404);
    assert.deepEqual(await ask('GET', `/networks?${filters({ name: [network] })}`, 200), []);
    const made = (await ask('POST', '/networks/create', 201, {
      Name: network,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: { ...labels, 'com.docker.compose.network': 'default' },
    })) as { Id: string };
    await ask('POST', '/networks/create', 409, { Name: network, CheckDuplicate: true });
    await ask('GET', `/volumes/${volume}`, 404);
    await ask('POST', '/volumes/create', 201, { Name: volume, Driver: 'local', Labels: labels });
    assert.deepEqual(await ask('GET', `/containers/json?all=1&${mine}`, 200), []);

    const service1 = {
      ...labels,
      'com.docker.compose.service': 'web',
      'com.docker.compose.config-hash': 'x',
    };
    const { Id } = (await ask('POST', `/containers/create?name=${project}-web-1&platform=`, 201, {
      Image: image.Id,
      Cmd: ['sleep', '1000'],
      StopSignal: 'SIGKILL',
      AttachStdout: true,
      AttachStderr: true,
      Labels: service1,
      HostConfig: {
        NetworkMode: network,
        Mounts: [{ Type: 'volume', Source: volume, Target: '/data', VolumeOptions: {} }],
        RestartPolicy: { Name: 'no' },
        LogConfig: { Type: '', Config: null },
        PortBindings: {},
        ConsoleSize: [0, 0],
      },
      NetworkingConfig: {
        EndpointsConfig: { [network]: { Aliases: [`${project}-web-1`, 'web'], IPAMConfig: null } },
      },
    })) as { Id: string };
    await ask('POST', `/containers/${Id}/start`, 204);
    const [listed] = (await ask('GET', `/containers/json?all=1&${mine}`, 200)) as Listed[];
    assert.deepEqual(
      [listed?.Names, listed?.State, listed?.Labels['com.docker.compose.service']],
      [[`/${project}-web-1`], 'running', 'web'],
    );
    assert.equal(listed?.NetworkSettings.Networks[network]?.NetworkID, made.Id);
    const inspected = (await ask('GET', `/containers/${Id}/json`, 200)) as {
      NetworkSettings: { Networks: Record<string, { Aliases: string[] }> };
    };
    assert.ok(inspected.NetworkSettings.Networks[network]?.Aliases.includes('web'));
    await ask('DELETE', `/networks/${made.Id}`, 403);
    await ask('POST', `/containers/${Id}/stop`, 204);
    await ask('DELETE', `/containers/${Id}?v=1`, 204);
    await ask('DELETE', `/networks/${made.Id}`, 204);
    await ask('DELETE', `/volumes/${volume}`, 204);

    const until = Math.ceil(Date.now() / 1000);
    const since = until - 600;
    const events = await service.request('GET', `/v1.51/events?since=${since}&until=${until}&${mine}`);
    const actions = events.text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { Type: string; Action: string }).Action);
    for (const action of ['create', 'start', 'die', 'destroy']) assert.ok(actions.includes(action), action);
  });

  test('takes no more descriptors and little more memory after many requests and runs', async () => {
    const { pid } = service.process;
    const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length;
    const megabytes = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
    const paths = ['/info', '/version', '/containers/json?all=1', '/images/json', '/networks', '/volumes'];
    const round = async (): Promise<void> => {
      for (let count = 0; count < 150; count++) await ask('GET', paths[count % paths.length] ?? '/info', 200);
      for (let count = 0; count < 5; count++) {
        const { Id } = (await ask('POST', '/containers/create', 201, {
          Image: BUSYBOX,
          Cmd: ['true'],
          HostConfig: { NetworkMode: 'none' },
        })) as { Id: string };
        await ask('POST', `/containers/${Id}/start`, 204);
        await ask('POST', `/containers/${Id}/wait`, 200);
        await ask('DELETE', `/containers/${Id}`, 204);
      }
    };
    await round();
    const before = descriptors();
    await round();
    assert.ok(descriptors() <= before + 3, `${descriptors()} descriptors after ${before}`);
    assert.ok(megabytes() < 95, `${megabytes()} MB`);
  });
});
