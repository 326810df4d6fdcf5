import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { makeAuthorizer } from '../../../src/image/registry-auth.ts';
import type { HttpRequest, RegistryHttp } from '../../../src/image/registry-http.ts';

test('a login goes to no token server without encryption, unless the registry is without it, too', async () => {
  const sent: string[] = [];
  const http: Pick<RegistryHttp, 'send'> = {
    async send({ url, headers }: HttpRequest) {
      sent.push(`${url.host} ${headers?.['authorization'] ?? ''}`);
      return { status: 200, headers: {}, url, body: Readable.from([Buffer.from('{"token":"t"}')]) };
    },
  };
  const header = (realm: string, onlyEncrypted: boolean): Promise<string | undefined> =>
    makeAuthorizer(
      { scheme: 'bearer', realm, service: undefined, scope: undefined },
      {
        http: http as RegistryHttp,
        host: 'registry.example',
        onlyEncrypted,
        credentials: { username: 'u', password: 'p' },
        scopes: [],
      },
    ).header();
  await assert.rejects(
    header('http://tokens.example/', true),
    /http:\/\/tokens\.example, which is not encrypted/,
  );
  assert.deepEqual(sent, []);
  assert.equal(await header('https://tokens.example/', true), 'Bearer t');
  assert.equal(await header('http://tokens.example/', false), 'Bearer t');
  assert.deepEqual(sent, Array(2).fill('tokens.example Basic dTpw'));
});
