import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Query } from '../../../src/api/query.ts';
import { Router } from '../../../src/api/router.ts';
import { routes } from '../../../src/api/routes.ts';

describe('the router', () => {
  const router = new Router(routes);

  test('finds a path with and without a version, and reads its parts', () => {
    const plain = router.match('GET', '/containers/abc/json');
    const versioned = router.match('GET', '/v1.41/containers/abc/json');
    assert.equal(plain.route, versioned.route);
    assert.deepEqual(versioned.params, { id: 'abc' });
    assert.deepEqual(versioned.version, { minor: 41, libpod: false, podmanMajor: undefined });
    assert.equal(plain.version.minor, 51);
  });

  test('takes names of images with slashes as they are', () => {
    const { params } = router.match('GET', '/v5.0.0/libpod/images/quay.io/a/b:1/json');
    assert.equal(params['name'], 'quay.io/a/b:1');
  });

  test('knows podman’s versions from docker’s', () => {
    assert.deepEqual(router.match('GET', '/v4.3.1/libpod/info').version, {
      minor: 51,
      libpod: true,
      podmanMajor: 4,
    });
    assert.equal(router.match('GET', '/v4.3.1/info').version.libpod, false);
  });

  test('refuses versions that it does not speak, paths that do not exist and other methods', () => {
    const status = (method: string, path: string): unknown => {
      try {
        router.match(method, path);
        return 200;
      } catch (error) {
        return (error as { httpStatus: number }).httpStatus;
      }
    };
    assert.equal(status('GET', '/v1.52/info'), 400);
    assert.equal(status('GET', '/v1.23/info'), 400);
    assert.equal(status('GET', '/v1.24/info'), 200);
    assert.equal(status('GET', '/nothing'), 404);
    assert.equal(status('POST', '/info'), 405);
    assert.equal(status('HEAD', '/_ping'), 200);
    assert.equal(status('GET', '/containers/%zz/json'), 400);
  });

  test('has each method and path once', () => {
    const keys = routes.map(({ method, path }) => `${method} ${path.replace(/\{\w+/g, '{')}`);
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
    );
  });

  test('loads a handler for every route', async () => {
    for (const { load, path } of routes) assert.equal(typeof (await load()), 'function', path);
  });
});

describe('a query', () => {
  test('reads flags as docker does', () => {
    const query = new Query('a=1&b=0&c=false&d=&e=yes&f=None');
    const flags = ['a', 'b', 'c', 'd', 'e', 'f', 'absent'].map((name) => query.flag(name));
    assert.deepEqual(flags, [true, false, false, false, true, false, false]);
  });

  test('reads filters of today and of old clients', () => {
    const filters = (value: unknown) =>
      new Query(`filters=${encodeURIComponent(JSON.stringify(value))}`).filters();
    assert.deepEqual(filters({ label: ['a', 'b=c'], name: ['x'] }), ['label=a', 'label=b=c', 'name=x']);
    assert.deepEqual(filters({ label: { a: true, b: false } }), ['label=a']);
    for (const wrong of [[], 'text', { label: 'a' }, { label: [1] }]) assert.throws(() => filters(wrong));
  });

  test('refuses numbers that are none', () => {
    assert.equal(new Query('n=-5').integer('n'), -5);
    assert.throws(() => new Query('n=5x').integer('n'));
  });
});
