import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiRoute, DOCKER_ROUTES, LIBPOD_ROUTES } from '../fixtures/api-routes.ts';
import { type ApiAnswer, type ApiService, startApiService } from '../fixtures/api-service.ts';
import { tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

const APIS = [
  { name: "Docker's API", prefix: '/v1.47', routes: DOCKER_ROUTES },
  { name: "podman's API", prefix: '/v5.0.0', routes: LIBPOD_ROUTES },
] as const;
/** What no document of either API is. */
const MALFORMED = ['{"Image":', '[1]', '"text"', 'nonsense'];

describe('the statuses of the service', () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService();
  });
  after(() => service?.stop());

  const send = (method: string, path: string, body?: unknown): Promise<ApiAnswer> =>
    service.request(method, path, body);

  /** An error says what is wrong, to clients of docker and to those of podman. */
  function assertExplained(answer: ApiAnswer, what: string): void {
    const { cause, message, response } = answer.json as Record<string, unknown>;
    assert.equal(typeof message, 'string', what);
    assert.notEqual(message, '', what);
    assert.equal(typeof cause, 'string', what);
    assert.equal(response, answer.status, what);
    assert.doesNotMatch(String(message), /page not found|internal error/, what);
  }

  for (const { name, prefix, routes } of APIS) {
    describe(name, () => {
      const asked = ({ method, path }: ApiRoute, object: string): [string, string] => [
        method,
        prefix + path.replace(/\{\w+\}/g, object),
      ];

      test('has an answer for every route, without the objects that it names', async () => {
        for (const route of routes) {
          if (route.status === undefined) continue;
          const [method, path] = asked(route, 'nosuch');
          const answer = await send(method, path);
          assert.equal(answer.status, route.status, `${method} ${path}: ${answer.text}`);
          if (answer.status >= 400 && method !== 'HEAD') assertExplained(answer, `${method} ${path}`);
        }
      });

      test('refuses what is no JSON document wherever it reads one', async () => {
        const objects = await makeObjects();
        for (const route of routes.filter(({ readsJson }) => readsJson)) {
          const object = objects[/^\/(?:libpod\/)?(\w+)\/\{/.exec(route.path)?.[1] ?? ''] ?? 'new';
          const [method, path] = asked(route, object);
          for (const body of MALFORMED) {
            const answer = await send(method, path.replace('=nosuch', `=${objects['containers']}`), body);
            assert.equal(answer.status, 400, `${method} ${path} with ${body}: ${answer.text}`);
            assertExplained(answer, `${method} ${path} with ${body}`);
          }
        }
        await tspodOk(['rm', '-f', objects['containers'] ?? '']);
      });
    });
  }

  /** One that exists for each noun, by that noun. */
  async function makeObjects(): Promise<Record<string, string>> {
    const body = { Image: BUSYBOX, Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } };
    const container = idIn(await send('POST', '/containers/create', { ...body, StopSignal: 'KILL' }));
    assert.equal((await send('POST', `/containers/${container}/start`)).status, 204);
    const exec = idIn(await send('POST', `/containers/${container}/exec`, { Cmd: ['true'] }));
    return { containers: container, exec, networks: 'podman', images: BUSYBOX };
  }

  function idIn(answer: ApiAnswer): string {
    assert.equal(answer.status, 201, answer.text);
    return (answer.json as { Id: string }).Id;
  }

  describe('what is in the way, and what is so already', () => {
    const status = async (method: string, path: string, body?: unknown): Promise<number> => {
      const answer = await send(method, path, body);
      if (answer.status >= 400) assertExplained(answer, `${method} ${path}`);
      return answer.status;
    };
    const post = (path: string, body?: unknown): Promise<number> => status('POST', path, body);
    const CONTAINER = { Image: BUSYBOX, Cmd: ['sleep', '1000'], StopSignal: 'KILL' };

    for (const api of ['', '/libpod'])
      test(`containers${api === '' ? '' : " by podman's paths"}`, async () => {
        const name = `status${api.length}`;
        const config = { ...CONTAINER, HostConfig: { NetworkMode: 'none' } };
        assert.equal(await post(`/containers/create?name=${name}`, config), 201);
        assert.equal(await post(`/containers/create?name=${name}`, config), 409);
        assert.equal(await post(`/containers/create?name=${name}b`, config), 201);
        const one = `${api}/containers/${name}`;
        assert.equal(await post(`${one}/rename?name=${name}b`), 409);
        assert.equal(await post(`${one}/stop`), 304);
        assert.equal(await post(`${one}/kill`), 409);
        assert.equal(await post(`${one}/pause`), 409);
        assert.equal(await post(`${one}/unpause`), 409);
        assert.equal(await post(`${one}/exec`, { Cmd: ['true'] }), 409);
        assert.equal(await post(`${one}/resize?h=1&w=1`), 409);
        assert.equal(await post(`${one}/start`), 204);
        assert.equal(await post(`${one}/start`), 304);
        assert.equal(await status('DELETE', one), 409);
        assert.equal(await post(`${one}/stop?t=0`), 204);
        assert.equal(await post(`${one}/stop`), 304);
        for (const each of [one, `${one}b`])
          assert.equal(await status('DELETE', each), api === '' ? 204 : 200);
      });

    test('volumes, networks, images, secrets, pods', async () => {
      const config = {
        ...CONTAINER,
        HostConfig: { NetworkMode: 'statusnet', Binds: ['statusvolume:/data'] },
      };
      assert.equal(await post('/volumes/create', { Name: 'statusvolume' }), 201);
      assert.equal(await post('/volumes/create', { Name: 'statusvolume' }), 201);
      assert.equal(await post('/networks/create', { Name: 'statusnet' }), 201);
      assert.equal(await post('/networks/create', { Name: 'statusnet' }), 409);
      assert.equal(await post('/libpod/networks/create', { name: 'statusnet' }), 409);
      assert.equal(await post('/containers/create?name=statususer', config), 201);
      assert.equal(await status('DELETE', '/volumes/statusvolume'), 409);
      assert.equal(await status('DELETE', '/libpod/volumes/statusvolume'), 409);
      assert.equal(await status('DELETE', '/networks/statusnet'), 403);
      assert.equal(await status('DELETE', `/images/${BUSYBOX}`), 409);
      assert.equal(await status('DELETE', '/networks/podman'), 403);
      assert.equal(await status('DELETE', '/containers/statususer'), 204);
      assert.equal(await status('DELETE', '/volumes/statusvolume'), 204);
      assert.equal(await status('DELETE', '/networks/statusnet'), 204);
      assert.equal(await post('/libpod/secrets/create?name=statussecret', 'words'), 200);
      assert.equal(await post('/libpod/secrets/create?name=statussecret', 'words'), 409);
      assert.equal(await status('DELETE', '/libpod/secrets/statussecret'), 204);
      assert.equal(await post('/libpod/pods/create', { name: 'statuspod', no_infra: true }), 201);
      assert.equal(await post('/libpod/pods/create', { name: 'statuspod', no_infra: true }), 409);
      assert.equal(await status('DELETE', '/libpod/pods/statuspod'), 200);
    });
  });
});
