import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  composeResolvConf,
  formatResolvConf,
  parseResolvConf,
  type ResolvConfRequest,
} from '../../../src/network/resolv-conf.ts';

function compose(host: string, request: Partial<ResolvConfRequest> = {}): string {
  return formatResolvConf(
    composeResolvConf({
      host: parseResolvConf(host),
      dnsServers: [],
      dnsSearch: [],
      dnsOptions: [],
      networkServers: [],
      networkSearch: [],
      keepHostServers: false,
      hostNetwork: false,
      ipv6: false,
      ...request,
    }),
  );
}

test('the host’s servers, search list and options are taken over', () => {
  const host =
    '# mine\ndomain old.example\nsearch a.example b.example\nnameserver 10.0.0.1 ; first\noptions ndots:2\n';
  assert.equal(compose(host), 'search a.example b.example\nnameserver 10.0.0.1\noptions ndots:2\n');
});

test('servers that a namespace of its own cannot reach are dropped', () => {
  const host =
    'nameserver 127.0.0.1\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver fd00::1\nnameserver 10.0.0.1\n';
  assert.equal(compose(host), 'nameserver 10.0.0.1\n');
  assert.equal(compose(host, { ipv6: true }), 'nameserver fd00::1\nnameserver 10.0.0.1\n');
  assert.equal(compose('nameserver 127.0.0.53\n', { hostNetwork: true }), 'nameserver 127.0.0.53\n');
});

test('public servers stand in when none is left, but never on the host’s network', () => {
  assert.equal(compose('nameserver 127.0.0.1\n'), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  assert.match(compose('', { ipv6: true }), /2001:4860:4860::8888/);
  assert.equal(compose('', { hostNetwork: true }), '');
});

test('what is given on the command line replaces the host’s', () => {
  const given = { dnsServers: ['1.1.1.1'], dnsSearch: ['x.example'], dnsOptions: ['rotate'] };
  const host = 'search a.example\nnameserver 10.0.0.1\noptions ndots:2\n';
  assert.equal(compose(host, given), 'search x.example\nnameserver 1.1.1.1\noptions rotate\n');
  assert.equal(compose(host, { dnsSearch: ['.'] }), 'nameserver 10.0.0.1\noptions ndots:2\n');
});

test('a network with its own resolver is asked alone, pasta’s before the host’s', () => {
  const host = 'search a.example\nnameserver 10.0.0.1\n';
  const aardvark = { networkServers: ['10.89.0.1'], networkSearch: ['dns.podman'], dnsServers: ['1.1.1.1'] };
  assert.equal(compose(host, aardvark), 'search dns.podman a.example\nnameserver 10.89.0.1\n');
  const pasta = { networkServers: ['169.254.1.1'], keepHostServers: true };
  assert.equal(compose(host, pasta), 'search a.example\nnameserver 169.254.1.1\nnameserver 10.0.0.1\n');
  assert.equal(compose('nameserver 127.0.0.53\n', pasta), 'nameserver 169.254.1.1\n');
  assert.equal(
    compose(host, { ...pasta, dnsServers: ['1.1.1.1'] }),
    'search a.example\nnameserver 1.1.1.1\n',
  );
});
