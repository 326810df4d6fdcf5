import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startApiService } from '../fixtures/api-service.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';
import { withoutBridges } from '../fixtures/networks.ts';
import { freePort } from '../fixtures/registry.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const threeServices = (port: number): object => ({
  version: '2.4',
  services: {
    store: {
      image: BUSYBOX,
      command: ['sh', '-c', 'echo kept > /data/index.html; touch /ready; exec httpd -f -p 80 -h /data'],
      volumes: ['data:/data'],
      healthcheck: { test: ['CMD', 'ls', '/ready'], interval: '1s', timeout: '5s', retries: 30 },
      stop_signal: 'SIGKILL',
    },
    relay: {
      image: BUSYBOX,
      command: [
        'sh',
        '-c',
        'mkdir /www && wget -q -O /www/index.html http://store/ && exec httpd -f -p 80 -h /www',
      ],
      depends_on: { store: { condition: 'service_healthy' } },
      stop_signal: 'SIGKILL',
      ports: [`${port}:80`],
    },
    idle: { image: BUSYBOX, command: ['sleep', '1000'], depends_on: ['relay'], stop_signal: 'SIGKILL' },
    built: {
      build: { context: '.', args: { WORD: '$WORD' } },
      image: 'shop-built:1',
      env_file: ['built.env'],
      profiles: ['extra'],
      volumes: ['/kept'],
      stop_signal: 'SIGKILL',
    },
  },
  volumes: { data: {} },
});

test('docker-compose brings three services up, the second when the first is healthy, and takes everything down', {
  skip: requires('docker-compose') || withoutBridges(),
}, async () => {
  await busyboxImage();
  const service = await startApiService();
  const port = await freePort();
  const folder = join(testRoot().base, 'shop');
  mkdirSync(folder);
  writeFileSync(join(folder, 'docker-compose.yml'), JSON.stringify(threeServices(port)));
  writeFileSync(join(folder, 'built.env'), 'FROM_FILE=a b\n');
  const dockerfile = `FROM ${BUSYBOX}\nARG WORD\nENV WORD=$WORD\nVOLUME /kept\nCMD ["sleep", "1000"]\n`;
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  let word = 'first';
  const compose = async (...args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await runProgram(programPath('docker-compose'), args, {
      cwd: folder,
      env: {
        PATH: '/usr/bin:/bin:/usr/sbin',
        HOME: folder,
        DOCKER_HOST: service.uri,
        COMPOSE_HTTP_TIMEOUT: '100',
        COMPOSE_DOCKER_CLI_BUILD: '0',
        WORD: word,
      },
      timeout: 400_000,
    });
    assert.equal(code, 0, `docker-compose ${args.join(' ')}: ${stdout}${stderr}`);
  };
  await compose('up', '-d');
  const names = (await tspodOk(['ps', '--format', '{{.Names}}'])).split('\n').sort();
  assert.deepEqual(names, ['shop_idle_1', 'shop_relay_1', 'shop_store_1']);
  const page = await waitFor('the relayed page', async () =>
    (await fetch(`http://127.0.0.1:${port}/`)).text(),
  );
  assert.equal(page, 'kept\n');
  await compose('up', '-d', '--scale', 'idle=2', 'idle');
  assert.match(await tspodOk(['ps', '--format', '{{.Names}}']), /shop_idle_2/);
  // It links what it runs to the containers of the same service.
  await compose('run', '-d', '--name', 'shop_once', 'idle');
  const hosts = await tspodOk(['exec', 'shop_once', 'cat', '/etc/hosts']);
  assert.match(hosts, /^[\d.]+\s.*\bidle_1\b/m);
  const built = ['exec', 'shop_built_1', 'sh', '-c', 'echo $WORD $FROM_FILE; cat /kept/file'];
  await compose('--profile', 'extra', 'up', '-d', 'built');
  await tspodOk(['exec', 'shop_built_1', 'sh', '-c', 'echo stays > /kept/file']);
  assert.equal(await tspodOk(built), 'first a b\nstays');
  // An image that has changed: the container is made anew, on the volumes of the old one.
  word = 'second';
  await compose('--profile', 'extra', 'up', '-d', '--build', 'built');
  assert.equal(await tspodOk(built), 'second a b\nstays');
  await compose('--profile', 'extra', 'down', '--volumes');
  assert.equal(await tspodOk(['ps', '--all', '--quiet']), '');
  assert.equal(await tspodOk(['volume', 'ls', '--quiet']), '');
  assert.doesNotMatch(await tspodOk(['network', 'ls', '--format', '{{.Name}}']), /shop/);
  await service.stop();
});
