import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName, inContainer } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';

const modules = join(testRoot().base, 'config/containers/containers.conf.modules');

before(() => {
  mkdirSync(modules);
  const text = `[containers]
oom_score_adj = 700
container_name_as_hostname = true
env = ["FROM_MODULE=yes", { append = true }]
[engine]
image_volume_mode = "tmpfs"
`;
  writeFileSync(join(modules, 'special.conf'), text);
});

describe('a module of containers.conf', () => {
  it('counts for the commands that name it, by name or path', async () => {
    const name = freshName('named');
    const script = 'echo $FROM_MODULE $(hostname) $(cat /proc/self/oom_score_adj)';
    const flags = ['--name', name, '--module', 'special.conf'];
    assert.equal(await inContainer(flags, script), `yes ${name} 700`);
    const byPath = ['--module', join(modules, 'special.conf')];
    assert.match(await inContainer(byPath, script), /^yes \S+ 700$/);
    assert.doesNotMatch(await inContainer([], script), /yes/);
  });

  it('decides what becomes of an image’s volumes', async () => {
    const image = `localhost/${freshName('volumes')}`;
    const id = await tspodOk(['create', await busyboxImage()]);
    await tspodOk(['commit', '-q', '--change', 'VOLUME /cache', id, image]);
    await tspodOk(['rm', id]);
    const run = ['run', '--rm', '--network', 'none', '--module', 'special.conf', image];
    assert.match(await tspodOk([...run, 'grep', ' /cache ', '/proc/mounts']), /^tmpfs \/cache tmpfs/);
  });

  it('is shown by info, with what it sets', async () => {
    const file = join(modules, 'special.conf');
    const info = JSON.parse(await tspodOk(['--module', 'special.conf', 'info', '--format', 'json'])) as {
      host: { configFiles: string[]; configuration: Record<string, { value: unknown; file: string }> };
    };
    assert.equal(info.host.configFiles.at(-1), file);
    assert.deepEqual(info.host.configuration['containers.oom_score_adj'], { value: 700, file });
    assert.match(info.host.configuration['network.network_config_dir']?.file ?? '', /containers\.conf$/);
  });

  it('that is not there is an error', async () => {
    const { code, stderr } = await tspod(['--module', 'gone.conf', 'info']);
    assert.equal(code, 125);
    assert.match(stderr, /module "gone\.conf" of containers\.conf not found/);
  });
});
