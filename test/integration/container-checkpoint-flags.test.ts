import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { askKeeper, criuTspod, criuTspodOk, startKeeper } from '../fixtures/criu.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

describe('checkpoint and restore', { skip: requires('root', 'criu', 'runc') }, () => {
  let image: string;
  before(async () => {
    image = await busyboxImage();
  });

  it('go on from an archive with other ports', {
    skip: requires('netavark', 'private-network'),
  }, async () => {
    const [name, other, archive] = [freshName(), freshName(), join(testRoot().base, 'ports.tar')];
    const token = await startKeeper(name, image, ['-p', '18080:80']);
    await criuTspodOk(['container', 'checkpoint', '-e', archive, name]);
    await criuTspodOk(['rm', '-f', '-t', '0', name]);
    await criuTspodOk(['container', 'restore', '-i', archive, '-n', other, '--publish', '18081:80']);
    assert.equal(await askKeeper(other), token);
    assert.equal(await criuTspodOk(['port', other]), '80/tcp -> 0.0.0.0:18081');
    await criuTspodOk(['rm', '-f', '-t', '0', other]);
  });

  it('give another address where --ignore-static-ip and -mac let it', {
    skip: requires('netavark', 'private-network'),
  }, async () => {
    const [name, other, network] = [freshName(), freshName(), freshName('static')];
    await criuTspodOk(['network', 'create', '--subnet', '10.213.5.0/24', network]);
    const flags = ['--network', network, '--ip', '10.213.5.77', '--mac-address', '92:d0:c6:00:00:77'];
    const token = await startKeeper(name, image, flags);
    await criuTspodOk(['container', 'checkpoint', '--keep', name]);
    await startKeeper(other, image, flags);
    const taken = await criuTspod(['container', 'restore', '--keep', name]);
    assert.equal(taken.code, 125);
    assert.match(taken.stderr, /10\.213\.5\.77/);
    await criuTspodOk(['container', 'restore', '--ignore-static-ip', '--ignore-static-mac', name]);
    assert.equal(await askKeeper(name), token);
    const format = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.MacAddress}}{{end}}`;
    const place = await criuTspodOk(['inspect', '--format', format, name]);
    assert.match(place, /^10\.213\.5\.\d+ \S+$/);
    assert.doesNotMatch(place, /10\.213\.5\.77|00:00:77/);
    await criuTspodOk(['rm', '-f', '-t', '0', name, other]);
    await criuTspodOk(['network', 'rm', network]);
  });
});
