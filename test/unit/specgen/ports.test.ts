import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextFixture, imageFixture, specOf } from './fixture.ts';

const portsOf = (...publish: string[]) => specOf({ publish }).network.ports;
const texts = (...publish: string[]) =>
  portsOf(...publish).map(
    (port) => `${port.hostIp}:${port.hostPort}:${port.containerPort}+${port.range}/${port.protocol}`,
  );

describe('--publish', () => {
  const good: [string, string[]][] = [
    ['8080:80', [':8080:80+1/tcp']],
    ['8080:80/udp', [':8080:80+1/udp']],
    ['8080:80/TCP', [':8080:80+1/tcp']],
    ['127.0.0.1:8080:80', ['127.0.0.1:8080:80+1/tcp']],
    ['[::1]:8080:80/sctp', ['::1:8080:80+1/sctp']],
    ['*:8080:80', [':8080:80+1/tcp']],
    ['8000-8002:9000-9002', [':8000:9000+3/tcp']],
    ['80', [':40000:80+1/tcp']],
    [':80', [':40000:80+1/tcp']],
    ['0:80', [':40000:80+1/tcp']],
    ['127.0.0.1::80', ['127.0.0.1:40000:80+1/tcp']],
    ['90-92/udp', [':40000:90+3/udp']],
  ];
  for (const [flag, expected] of good)
    it(`understands ${flag}`, () => assert.deepEqual(texts(flag), expected));

  const bad: [string, RegExp][] = [
    ['99999:80', /port numbers must be between 1 and 65535 \(inclusive\), got 99999/],
    ['80:0', /port numbers must be between/],
    ['80-90:80', /host and container port ranges have different lengths: 11 vs 1/],
    ['90-80:90-80', /the end of the range "90-80" is before its start/],
    ['80:80/bogus', /unrecognized protocol "bogus"/],
    ['80:80/tcp/udp', /more than one protocol/],
    ['a:80', /"a" is not a port number/],
    ['', /must provide a non-empty container port to publish/],
    ['1.2.3:80:80', /cannot parse "1.2.3" as an IP address/],
    ['::1:80:80', /must be in brackets/],
    ['[foo]:80:80', /cannot parse "foo"/],
    ['1-2-3:80', /invalid range/],
  ];
  for (const [flag, message] of bad)
    it(`refuses ${JSON.stringify(flag)}`, () => assert.throws(() => texts(flag), message));

  it('refuses one host port for two container ports, but takes the same mapping twice', () => {
    assert.throws(
      () => texts('80:80', '80:81'),
      /conflicting port mappings for host port 80 \(protocol tcp\)/,
    );
    assert.throws(() => texts('80-85:80-85', '83:99'), /conflicting port mappings/);
    assert.deepEqual(texts('80:80', '80:80'), [':80:80+1/tcp']);
    assert.deepEqual(texts('80:80', '80:80/udp').length, 2);
  });

  it('draws one port out of a range where docker would', () => {
    const asked: object[] = [];
    const context = {
      ...contextFixture(),
      drawPortFrom: (request: { first: number }) => {
        asked.push(request);
        return request.first + 2;
      },
    };
    const [port] = specOf({ publish: ['127.0.0.1:9000-9003:80'] }, context).network.ports;
    assert.deepEqual([port?.hostPort, port?.containerPort, port?.range], [9002, 80, 1]);
    assert.deepEqual(asked, [{ hostIp: '127.0.0.1', protocol: 'tcp', first: 9000, length: 4 }]);
  });

  it('warns and drops ports where there is no network of its own, but still checks them', () => {
    const context = contextFixture();
    assert.deepEqual(specOf({ publish: ['80:80'], network: ['none'] }, context).network.ports, []);
    assert.match(context.warnings[0] ?? '', /Port mappings have been discarded/);
    assert.throws(() => specOf({ publish: ['99999:80'], network: ['host'] }), /port numbers/);
  });
});

describe('--publish-all', () => {
  it('publishes what the image and --expose name and -p does not', () => {
    const image = imageFixture({ ExposedPorts: { '80/tcp': {}, '53/udp': {} } });
    const spec = specOf(
      { publishAll: true, publish: ['8080:80'], expose: ['9000-9001'] },
      contextFixture({ image }),
    );
    assert.deepEqual(
      spec.network.ports.map((port) => `${port.hostPort}:${port.containerPort}/${port.protocol}`),
      ['8080:80/tcp', '40000:53/udp', '40001:9000/tcp', '40002:9001/tcp'],
    );
    assert.deepEqual(spec.exposedPorts, ['80/tcp', '53/udp', '9000/tcp', '9001/tcp']);
  });
});
