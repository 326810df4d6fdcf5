import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { makeTestRoot, testRoot, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { buildTar } from '../fixtures/images.ts';
import { withoutBridges } from '../fixtures/networks.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** Programs that do not go on before they are let; the service finds them first on its PATH. */
class SlowPrograms {
  readonly directory = join(testRoot().base, 'slow');

  add(name: string, real: string): string {
    mkdirSync(this.directory, { recursive: true });
    const path = join(this.directory, name);
    const wait = `: >${path}.begun; while [ ! -e ${path}.free ]; do sleep 0.05; done`;
    writeFileSync(path, `#!/bin/sh\n${wait}\nexec ${real} "$@"\n`, { mode: 0o755 });
    return path;
  }

  async begun(name: string): Promise<void> {
    await waitFor(`${name} to begin`, () => existsSync(join(this.directory, `${name}.begun`)));
  }

  free(name: string): void {
    writeFileSync(join(this.directory, `${name}.free`), '');
  }
}

describe('while a program that the service started does not go on', () => {
  const slow = new SlowPrograms();
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    const usual = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`;
    for (const name of ['chown', 'ip']) {
      const real = usual
        .split(':')
        .map((place) => join(place, name))
        .find((path) => existsSync(path));
      if (real !== undefined) slow.add(name, real);
    }
    const PATH = `${slow.directory}:${usual}`;
    service = await startApiService({ env: { PATH } });
  });
  after(() => service?.stop());

  const answersOthers = async (): Promise<void> => {
    assert.equal((await service.request('GET', '/containers/json?all=1')).status, 200);
  };

  const start = async (config: object): Promise<{ name: string; started: Promise<number> }> => {
    const name = freshName();
    const body = { Image: BUSYBOX, Cmd: ['true'], HostConfig: { NetworkMode: 'none', ...config } };
    const created = await service.request('POST', `/containers/create?name=${name}`, body);
    assert.equal(created.status, 201, created.text);
    const started = service.request('POST', `/containers/${name}/start`).then(({ status }) => status);
    return { name, started };
  };

  test('others are answered: it gives a volume away', async () => {
    const volume = freshName();
    const { name, started } = await start({ Binds: [`${volume}:/bin:U`] });
    await slow.begun('chown');
    await answersOthers();
    slow.free('chown');
    assert.equal(await started, 204);
    assert.match(await tspodOk(['volume', 'ls', '-q']), new RegExp(volume));
    await tspodOk(['rm', '-f', '-v', name]);
  });

  test('others are answered: the runtime, which makes a container or tells its version', async () => {
    const real = await tspodOk(['info', '--format', '{{.Host.OCIRuntime.Path}}']);
    const path = slow.add('runtime', real);
    appendFileSync(
      join(testRoot().base, 'config/containers/containers.conf'),
      `[engine.runtimes]\nslow = ["${path}"]\n`,
    );
    const { name, started } = await start({ Runtime: 'slow' });
    await slow.begun('runtime');
    await answersOthers();
    slow.free('runtime');
    assert.equal(await started, 204);
    await tspodOk(['rm', '-f', name]);
  });

  test('others are answered: the network is set up', { skip: withoutBridges() }, async () => {
    const { name, started } = await start({ NetworkMode: 'bridge' });
    await slow.begun('ip');
    await answersOthers();
    slow.free('ip');
    assert.equal(await started, 204);
    await tspodOk(['rm', '-f', name]);
  });
});

describe('while a build looks through many files', () => {
  for (const { driver, big } of [
    { driver: undefined, big: [2] },
    // Every layer and every container is a copy there.
    { driver: 'vfs', big: [2, 3, 4] },
  ])
    test(`pings are answered all along (${driver ?? 'the usual driver'})`, async (t) => {
      const root = makeTestRoot();
      await tspodOk([...(driver === undefined ? [] : ['--storage-driver', driver]), 'info'], { root });
      await busyboxImage(root);
      const service = await startApiService({ root });
      t.after(() => service.stop());
      const steps = ['FROM localhost/busybox', 'COPY tree /tree', 'RUN echo 1 >/one', 'COPY one /two'];
      const tar = buildTar([
        { name: 'Dockerfile', content: `${steps.join('\n')}\n` },
        { name: 'one', content: '1' },
        ...Array.from({ length: FILES }, (_, i) => ({ name: `tree/${i % 50}/${i}`, content: String(i) })),
      ]);
      const seen = new Map<number, number>();
      let step = 0;
      let isDone = false;
      const built = buildWith(service, tar, (text) => {
        for (const [, number] of text.matchAll(/Step (\d)\//g)) step = Number(number);
      }).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        assert.equal((await service.request('GET', '/_ping')).status, 200);
        seen.set(step, (seen.get(step) ?? 0) + 1);
      }
      assert.match(await built, /Successfully built/);
      // A step whose work is done in one go lets one through, at its end.
      for (const number of big)
        assert.ok((seen.get(number) ?? 0) > PINGS, `${seen.get(number)} pings in step ${number}`);
    });
});

const FILES = 1000;
const PINGS = 5;

/** The whole answer; `onText` gets the pieces as they come. */
async function buildWith(service: ApiService, tar: Buffer, onText: (text: string) => void): Promise<string> {
  const client = await service.connect();
  let text = '';
  client.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
    onText(piece);
  });
  client.write(
    `POST /build?networkmode=none HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/x-tar\r\nContent-Length: ${tar.length}\r\n\r\n`,
  );
  client.write(tar);
  await once(client, 'close');
  return text;
}
