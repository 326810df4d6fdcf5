import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidSpecError } from '../../../src/base/errors.ts';
import { composeHosts, formatHosts, type HostsRequest, parseHosts } from '../../../src/network/hosts-file.ts';

function compose(request: Partial<HostsRequest> = {}): string {
  return formatHosts(
    composeHosts({
      base: [],
      addHosts: [],
      addresses: ['10.1.0.2'],
      names: ['h', 'web'],
      hostAddress: '10.1.0.1',
      shareHost: false,
      ...request,
    }),
  );
}

test('a container finds itself, the host and localhost', () => {
  assert.equal(
    compose(),
    '127.0.0.1\tlocalhost\n::1\tlocalhost\n10.1.0.1\thost.containers.internal host.docker.internal\n10.1.0.2\th web\n',
  );
});

test('names that the user or the base file gives are not given again', () => {
  const base = parseHosts('127.0.0.1 localhost # loop\n\n# 9.9.9.9 no\n10.5.5.5\th\n7.7.7.7\n');
  assert.equal(
    compose({ base, addHosts: ['web:1.2.3.4'], hostAddress: undefined }),
    '1.2.3.4\tweb\n127.0.0.1\tlocalhost\n10.5.5.5\th\n',
  );
});

test('added hosts may have several names, IPv6 addresses and the host’s own', () => {
  const text = compose({ addHosts: ['a;b:fd00::1', 'c:[fd00::2]', 'gate:host-gateway'], addresses: [] });
  assert.match(text, /^fd00::1\ta b\nfd00::2\tc\n10\.1\.0\.1\tgate\n/);
  assert.match(text, /127\.0\.0\.1\th web\n$/);
});

test('on the host’s network the container’s names are left out', () => {
  assert.doesNotMatch(compose({ shareHost: true }), /web/);
});

test('malformed added hosts are refused by what is wrong with them', () => {
  for (const entry of ['web', ':1.2.3.4', 'web:', 'web:1.2.3', 'a;:1.2.3.4']) {
    assert.throws(() => compose({ addHosts: [entry] }), InvalidSpecError, entry);
  }
  assert.throws(
    () => compose({ addHosts: ['x:host-gateway'], hostAddress: undefined }),
    /no way to the host/,
  );
});
