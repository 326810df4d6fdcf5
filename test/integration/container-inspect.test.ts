import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

type Document = Record<string, unknown>;

before(async () => {
  await busyboxImage();
  await tspodOk(['volume', 'create', '--label', 'a=b', 'stock']);
  const flags = ['--network', 'none', '--name', 'web', '--label', 'k=v', '-e', 'A=b', '-v', 'stock:/data'];
  await tspodOk(['run', '-d', ...flags, BUSYBOX, 'sleep', '3600']);
  await tspodOk(['create', '--network', 'none', '--name', 'plain', BUSYBOX, 'true']);
});

async function template(name: string, format: string): Promise<string> {
  return await tspodOk(['inspect', '--format', format, name]);
}

describe('inspect', () => {
  test('prints an array with one document for each name', async () => {
    const documents = JSON.parse(await tspodOk(['inspect', 'web', 'plain'])) as Document[];
    assert.deepEqual(
      documents.map((document) => document['Name']),
      ['web', 'plain'],
    );
  });

  test('has the members of podman in its order', async () => {
    const [web] = JSON.parse(await tspodOk(['container', 'inspect', 'web'])) as Document[];
    assert.deepEqual(
      Object.keys(web ?? {}),
      'Id Created Path Args State Image ImageDigest ImageName Rootfs Pod ResolvConfPath HostnamePath HostsPath StaticDir OCIConfigPath OCIRuntime ConmonPidFile PidFile Name RestartCount Driver MountLabel ProcessLabel AppArmorProfile EffectiveCaps BoundingCaps ExecIDs GraphDriver Mounts Dependencies NetworkSettings Namespace IsInfra IsService KubeExitCodePropagation lockNumber Config HostConfig UseImageHosts UseImageHostname'.split(
        ' ',
      ),
    );
  });

  test('answers the templates that scripts use', async () => {
    assert.equal(await template('web', '{{.State.Status}} {{.State.Running}}'), 'running true');
    assert.match(await template('web', '{{.State.Pid}}'), /^[1-9]\d*$/);
    assert.equal(await template('web', '{{index .Config.Labels "k"}}'), 'v');
    assert.equal(await template('plain', '[{{index .Config.Labels "k"}}]'), '[]');
    assert.equal(await template('plain', '{{.State.Status}} {{.State.ExitCode}}'), 'created 0');
    assert.equal(await template('web', '{{.ID}}'), await template('web', '{{.Id}}'));
    assert.equal(
      await template('web', '{{.Config.Image}} {{json .Config.Cmd}}'),
      `${BUSYBOX} ["sleep","3600"]`,
    );
    assert.equal(await template('web', '{{range .Mounts}}{{.Name}}:{{.Destination}}{{end}}'), 'stock:/data');
    assert.equal(
      await template('web', '{{range $name, $net := .NetworkSettings.Networks}}{{$name}}{{end}}'),
      'none',
    );
    assert.equal(await template('web', '{{.NetworkSettings.IPAddress}}{{.HostConfig.Init}}'), 'false');
    assert.equal(await template('web', '{{.HostConfig.RestartPolicy.Name}}'), 'no');
    assert.equal(
      await template('web', '{{if .State.Health}}yes{{else}}no{{end}} {{json .State.Health}}'),
      'no null',
    );
    assert.equal(await template('web', '{{json .Config.Entrypoint}} {{len .Config.Entrypoint}}'), 'null 0');
    assert.equal(
      await template('web', '{{.LogPath}}'),
      await template('web', '{{.HostConfig.LogConfig.Path}}'),
    );
  });

  test('shows the environment that the program has', async () => {
    const env = JSON.parse(await template('web', '{{json .Config.Env}}')) as string[];
    assert.ok(env.includes('A=b') && env.includes('HOME=/root'));
    assert.ok(env.some((text) => text.startsWith('HOSTNAME=')));
  });

  test('a field that does not exist is an error that names it', async () => {
    const { code, stderr } = await tspod(['inspect', '--format', '{{.Colour}}', 'web']);
    assert.equal(code, 125);
    assert.match(stderr, /can't evaluate field Colour/);
  });

  test('--size adds what it takes on disk', async () => {
    const [with_] = JSON.parse(await tspodOk(['inspect', '--size', 'web'])) as Document[];
    assert.equal(typeof with_?.['SizeRw'], 'number');
    assert.ok(Number(with_?.['SizeRootFs']) > 1000);
    assert.equal(await template('web', '{{.SizeRootFs}}'), '0');
  });

  test('--latest takes the container that was created last', async () => {
    assert.equal(await tspodOk(['inspect', '--latest', '--format', '{{.Name}}']), 'plain');
  });
});

describe('inspect of what is not there', () => {
  test('prints an empty array and the reason', async () => {
    const { code, stdout, stderr } = await tspod(['inspect', 'nobody']);
    assert.deepEqual([code, stdout, stderr], [125, '[]\n', 'Error: no such object: "nobody"\n']);
  });

  test('prints what is there all the same', async () => {
    const { code, stdout, stderr } = await tspod(['inspect', '--format', '{{.Name}}', 'nobody', 'web']);
    assert.deepEqual([code, stdout, stderr], [125, 'web\n', 'Error: no such object: "nobody"\n']);
  });

  test('no name at all is refused', async () => {
    const { code, stderr } = await tspod(['inspect']);
    assert.equal(code, 125);
    assert.match(stderr, /no names or ids specified/);
  });
});

describe('inspect of any kind of object', () => {
  test('finds images, volumes and networks too', async () => {
    assert.equal(await template('busybox', '{{index .RepoTags 0}}'), BUSYBOX);
    assert.equal(
      await template('stock', '{{.Name}} {{.Driver}} {{.Anonymous}} {{.Labels.a}}'),
      'stock local false b',
    );
    assert.match(await tspodOk(['inspect', 'podman']), /"driver": "bridge"/);
    assert.equal(await template('podman', '{{len .Containers}} {{.Network.Name}}'), '0 podman');
    // What no image may be called is not the end of the search.
    await tspodOk(['volume', 'create', 'Capitals']);
    assert.equal(await template('Capitals', '{{.Name}}'), 'Capitals');
    assert.match((await tspod(['inspect', 'NoBody'])).stderr, /no such object: "NoBody"/);
  });

  test('takes docker’s slash before the name of a container', async () => {
    assert.equal(await template('/web', '{{.State.Status}} {{.Config.StartupHealthCheck}}'), 'running <nil>');
    assert.equal(await tspodOk(['container', 'exists', '/web']), '');
  });

  test('--type looks only for that kind', async () => {
    assert.equal((await tspod(['inspect', '--type', 'image', 'web'])).code, 125);
    assert.equal(await tspodOk(['inspect', '--type', 'volume', '-f', '{{.Name}}', 'stock']), 'stock');
    const { code, stderr } = await tspod(['inspect', '--type', 'colour', 'web']);
    assert.equal(code, 125);
    assert.match(stderr, /invalid type "colour": must be/);
  });

  test('a container goes before a volume of the same name', async () => {
    await tspodOk(['volume', 'create', 'web']);
    assert.equal(await template('web', '{{.State.Status}}'), 'running');
    await tspodOk(['volume', 'rm', 'web']);
  });
});
