import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { type HttpProxy, startHttpProxy } from '../fixtures/http-proxy.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const NAMES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];

describe('a proxy in the environment', { skip: requires('docker-registry') }, () => {
  let proxy: HttpProxy;
  let plain: TestRegistry;
  let safe: TestRegistry;
  const user = { name: 'ann', password: 'pass-word' };
  before(async () => {
    [proxy, plain, safe] = await Promise.all([
      startHttpProxy(),
      startRegistry(),
      startRegistry({ tls: true, user }),
    ]);
    await busyboxImage();
  });
  after(() => Promise.all([proxy?.stop(), plain?.stop(), safe?.stop()]));

  const env = (more: Record<string, string>) => ({
    ...Object.fromEntries(NAMES.map((name) => [name, undefined])),
    ...more,
  });
  const access = () => ['--creds', `${user.name}:${user.password}`, '--cert-dir', safe.certificates];

  for (const upper of [true, false])
    test(`is used for pushes and pulls, with TLS and without (${upper ? 'HTTP_PROXY' : 'http_proxy'})`, async () => {
      const named = (name: string) => (upper ? name : name.toLowerCase());
      const through = env({ [named('HTTP_PROXY')]: proxy.url, [named('HTTPS_PROXY')]: proxy.url });
      for (const [registry, flags] of [
        [plain, ['--tls-verify=false']],
        [safe, access()],
      ] as const) {
        proxy.requests.length = 0;
        const image = `${registry.host}/by/proxy:1`;
        await tspodOk(['push', '-q', ...flags, 'busybox', image], { env: through });
        await tspodOk(['pull', '-q', ...flags, image], { env: through });
        assert.ok(proxy.requests.length > 0, image);
        assert.ok(
          proxy.requests.every((line) => line.includes(registry.host)),
          proxy.requests.join(),
        );
      }
    });

  test('is passed by for what NO_PROXY names', async () => {
    const image = `${safe.host}/by/proxy:1`;
    proxy.requests.length = 0;
    for (const no of ['127.0.0.1', '*', `example.org,${safe.host}`]) {
      await tspodOk(['push', '-q', ...access(), 'busybox', image], {
        env: env({ HTTPS_PROXY: proxy.url, NO_PROXY: no }),
      });
      assert.deepEqual(proxy.requests, [], no);
    }
  });

  test('that is not there is named', async () => {
    const gone = env({ HTTPS_PROXY: 'http://127.0.0.1:1' });
    const { code, stderr } = await tspod(
      ['pull', '-q', '--retry', '0', ...access(), `${safe.host}/by/proxy:1`],
      { env: gone },
    );
    assert.equal(code, 125);
    assert.match(stderr, /the proxy 127\.0\.0\.1:1 refused the connection\nHTTP_PROXY and/);
  });
});
