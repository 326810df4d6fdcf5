import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { tspod, tspodOk } from '../fixtures/harness.ts';

const ANALYZE = '/usr/bin/systemd-analyze';
const base = mkdtempSync(join(tmpdir(), 'tspod-quadlet-'));
after(() => rmSync(base, { recursive: true }));

const env = { QUADLET_UNIT_DIRS: join(base, 'installed') };
const options = { env: { ...process.env, ...env } };
mkdirSync(join(base, 'sources'));
const source = join(base, 'sources/web.container');
writeFileSync(source, '[Container]\nImage=busybox\nExec=sleep 1\n[Install]\nWantedBy=default.target\n');

describe('quadlet', () => {
  it('installs, lists, prints, makes services of, and removes files', async () => {
    assert.equal(
      await tspodOk(['quadlet', 'install', source], options),
      join(base, 'installed/web.container'),
    );
    const again = await tspod(['quadlet', 'install', source], options);
    assert.equal(again.code, 125);
    assert.match(again.stderr, /exists already/);
    await tspodOk(['quadlet', 'install', '--replace', source], options);
    const format = ['--format', '{{.Name}} {{.UnitName}}'];
    assert.equal(await tspodOk(['quadlet', 'list', ...format], options), 'web.container web.service');
    assert.equal(await tspodOk(['quadlet', 'list', '--filter', 'name=^x', ...format], options), '');
    assert.match(await tspodOk(['quadlet', 'print', 'web.container'], options), /^Exec=sleep 1$/m);

    const units = join(base, 'units');
    mkdirSync(units);
    await tspodOk(['quadlet', 'generate', units, units, units], options);
    assert.equal(readlinkSync(join(units, 'default.target.wants/web.service')), '../web.service');
    assert.match(
      readFileSync(join(units, 'web.service'), 'utf8'),
      /^ExecStart=.*tspod run .* busybox sleep 1$/m,
    );
    if (existsSync(ANALYZE)) {
      const { stderr } = spawnSync(ANALYZE, ['verify', join(units, 'web.service')], { encoding: 'utf8' });
      assert.doesNotMatch(stderr, /web\.service/);
    }
    assert.equal(await tspodOk(['quadlet', 'rm', 'web.container'], options), 'web.container');
    assert.equal((await tspod(['quadlet', 'rm', 'web.container'], options)).code, 1);
    assert.equal((await tspod(['quadlet', 'rm', '--ignore', 'web.container'], options)).code, 0);
  });

  it('says what is wrong with a file, and makes the others', async () => {
    const directory = join(base, 'mixed');
    mkdirSync(directory);
    writeFileSync(join(directory, 'good.container'), '[Container]\nImage=busybox\n');
    writeFileSync(join(directory, 'bad.container'), '[Container]\nImage=busybox\nVolumes=/x\n');
    const mixed = { env: { ...process.env, QUADLET_UNIT_DIRS: directory } };
    const { code, stdout, stderr } = await tspod(['quadlet', 'generate', '--dryrun'], mixed);
    assert.equal(code, 1);
    assert.match(stdout, /---good\.service---/);
    assert.match(stderr, /unsupported key 'Volumes'.*did you mean Volume=/);
    assert.match(
      await tspodOk(['quadlet', 'list', '--format', '{{.Name}} {{.Status}}'], mixed),
      /^bad\.container Invalid$/m,
    );
  });

  it('installs a file of many, a directory or an address as one, and removes it as one', async () => {
    const list = () => tspodOk(['quadlet', 'list', '--format', '{{.Name}} {{.App}}'], options);
    const bundle = '# FileName=web\n[Container]\nImage=x\nPod=shop.pod\n---\n# FileName=shop\n[Pod]\n';
    writeFileSync(join(base, 'sources/shop.quadlets'), bundle);
    const installed = await tspodOk(['quadlet', 'install', join(base, 'sources/shop.quadlets')], options);
    assert.deepEqual(
      installed.split('\n').map((path) => basename(path)),
      ['web.container', 'shop.pod'],
    );
    assert.equal(await list(), 'shop.pod .shop.app\nweb.container .shop.app');
    assert.match(
      await tspodOk(['quadlet', 'generate', '--dryrun'], options),
      /---shop-pod\.service---[\s\S]*^Wants=web\.service$/m,
    );
    assert.equal(await tspodOk(['quadlet', 'rm', 'shop.pod'], options), 'shop.pod\nweb.container');

    const application = join(base, 'sources/application');
    mkdirSync(application);
    writeFileSync(join(application, 'one.volume'), '[Volume]\n');
    writeFileSync(join(application, 'two.build'), '[Build]\nImageTag=two\nSetWorkingDirectory=unit\n');
    writeFileSync(join(application, 'data.bin'), Buffer.from([0xff, 0]));
    const { url, close } = await serve({ '/x/three.network': '[Network]\n' });
    try {
      await tspodOk(['quadlet', 'install', application, `${url}/x/three.network`], options);
      assert.equal(
        await list(),
        ['one.volume', 'three.network', 'two.build'].map((name) => `${name} .application.app`).join('\n'),
      );
      assert.deepEqual(readFileSync(join(base, 'installed/data.bin')), Buffer.from([0xff, 0]));
      await tspodOk(['quadlet', 'rm', 'application'], options);
      assert.deepEqual(readdirSync(join(base, 'installed')), []);
      await tspodOk(['quadlet', 'install', `${url}/x/three.network`], options);
      assert.equal(await list(), 'three.network ');
      assert.equal((await tspod(['quadlet', 'install', `${url}/x/none.network`], options)).code, 125);
      await tspodOk(['quadlet', 'rm', '--all'], options);
      assert.deepEqual(readdirSync(join(base, 'installed')), []);
    } finally {
      close();
    }
  });

  it('installs nothing of what has a part that is wrong', async () => {
    const other = join(base, 'sources/notes.txt');
    writeFileSync(other, '');
    assert.equal((await tspod(['quadlet', 'install', other], options)).code, 125);
    const wrong = join(base, 'sources/wrong.quadlets');
    writeFileSync(wrong, '# FileName=a\n[Pod]\n---\n# FileName=b\n[Pod]\nnonsense\n');
    assert.match((await tspod(['quadlet', 'install', wrong], options)).stderr, /b\.pod:3: "nonsense"/);
    const deep = join(base, 'sources/deep');
    mkdirSync(join(deep, 'below'), { recursive: true });
    writeFileSync(join(deep, 'a.volume'), '[Volume]\n');
    assert.match(
      (await tspod(['quadlet', 'install', deep], options)).stderr,
      /deep\/below: it is not a file/,
    );
    assert.deepEqual(readdirSync(join(base, 'installed')), []);
  });
});

async function serve(files: Record<string, string>): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const text = files[request.url ?? ''];
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}
