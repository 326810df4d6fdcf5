import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';
import { type SpawnedTspod, spawnTspod } from '../fixtures/harness-spawn.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** What makes an image the same one to programs that pack and describe it differently. */
interface Essence {
  layers: string[];
  by: string | undefined;
}

/** Another program, with images of its own. Places are transports with a path, or `docker://` with a name. */
interface Peer {
  name: 'skopeo' | 'podman' | 'buildah' | 'docker';
  skip: string | false;
  /** What it can read and write. */
  places: readonly Transport[];
  take(place: string, as: string): Promise<Essence>;
  give(name: string, place: string): Promise<void>;
}

type Transport = 'docker-archive' | 'oci-archive' | 'oci' | 'dir';
type Program = Parameters<typeof programPath>[0];

const ann = { name: 'ann', password: 'secret' };
const CREDS = `${ann.name}:${ann.password}`;
const TEMPLATE = '{{json .RootFS.Layers}} {{json .Config.Labels}}';
let base = '';
let registry: TestRegistry;
let service: SpawnedTspod | undefined;
let ours: Essence;

async function ok(
  program: Program,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const all = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...env };
  const done = await runProgram(programPath(program), args, { env: all });
  assert.equal(done.code, 0, `${program} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}

function essenceOf(shown: string): Essence {
  const [layers = '', labels = ''] = shown.trim().split(' ');
  return { layers: JSON.parse(layers) as string[], by: (JSON.parse(labels) as Record<string, string>)['by'] };
}

const ofTspod = async (name: string, root = testRoot()): Promise<Essence> =>
  essenceOf(await tspodOk(['image', 'inspect', '--format', TEMPLATE, name], { root }));

const access = (side: 'src' | 'dest'): string[] => [
  `--${side}-cert-dir`,
  registry.certificates,
  `--${side}-creds`,
  CREDS,
];

/** It has no storage: its images are directories. */
const skopeo: Peer = {
  name: 'skopeo',
  skip: requires('skopeo'),
  // It gives what it unpacks from an oci-archive to the archive's owner, which only root may.
  places:
    requires('root') === false
      ? ['docker-archive', 'oci-archive', 'oci', 'dir']
      : ['docker-archive', 'oci', 'dir'],
  async take(place, as) {
    const copy = join(base, `skopeo-${as}`);
    const how = place.startsWith('docker://') ? access('src') : [];
    await ok('skopeo', ['copy', '-q', '--insecure-policy', ...how, place, `dir:${copy}`]);
    const config = JSON.parse(await ok('skopeo', ['inspect', '--config', '--raw', `dir:${copy}`])) as {
      config: { Labels?: Record<string, string> };
      rootfs: { diff_ids: string[] };
    };
    return { layers: config.rootfs.diff_ids, by: config.config.Labels?.['by'] };
  },
  async give(name, place) {
    const how = place.startsWith('docker://') ? access('dest') : [];
    await ok('skopeo', [
      'copy',
      '-q',
      '--insecure-policy',
      ...how,
      `dir:${join(base, `skopeo-${name}`)}`,
      place,
    ]);
  },
};

/** podman and buildah have one storage. */
function ofContainers(name: 'podman' | 'buildah'): Peer {
  const run = (...args: string[]): Promise<string> =>
    ok(name, [
      '--root',
      join(base, name),
      '--runroot',
      join(base, `${name}-run`),
      '--storage-driver',
      'vfs',
      ...args,
    ]);
  const how = (place: string): string[] =>
    place.startsWith('docker://') ? ['--cert-dir', registry.certificates, '--creds', CREDS] : [];
  return {
    name,
    skip: requires('root', name),
    places: ['docker-archive', 'oci-archive', 'oci', 'dir'],
    async take(place, as) {
      const id = await run('pull', '-q', ...how(place), place);
      await run('tag', id, `localhost/${as}`);
      if (name === 'podman') return essenceOf(await run('image', 'inspect', '--format', TEMPLATE, id));
      const { OCIv1: found } = JSON.parse(await run('inspect', '--type', 'image', id)) as {
        OCIv1: { config: { Labels?: Record<string, string> }; rootfs: { diff_ids: string[] } };
      };
      return { layers: found.rootfs.diff_ids, by: found.config.Labels?.['by'] };
    },
    async give(image, place) {
      await run('push', '-q', ...how(place), `localhost/${image}`, place);
    },
  };
}

/** Its daemon is tspod's service, with a storage of its own. */
const docker: Peer = {
  name: 'docker',
  skip: requires('docker'),
  places: ['docker-archive'],
  async take(place, as) {
    const [, path = ''] = /^docker-archive:([^:]+)/.exec(place) ?? [];
    const name = place.replace('docker://', '');
    if (path === '') await dockerClient('pull', '-q', name);
    const said = path === '' ? name : await dockerClient('load', '-q', '-i', path);
    const loaded = said.replace(/^Loaded image(?: ID)?: /, '');
    await dockerClient('tag', loaded, `localhost/${as}`);
    return essenceOf(await dockerClient('image', 'inspect', '--format', TEMPLATE, loaded));
  },
  async give(image, place) {
    const [, path] = /^docker-archive:([^:]+)/.exec(place) ?? [];
    if (path !== undefined) {
      await dockerClient('save', '-o', path, `localhost/${image}`);
      return;
    }
    await dockerClient('tag', `localhost/${image}`, place.replace('docker://', ''));
    await dockerClient('push', '-q', place.replace('docker://', ''));
  },
};

function dockerClient(...args: string[]): Promise<string> {
  return ok('docker', args, {
    DOCKER_HOST: `unix://${join(base, 's')}`,
    DOCKER_CONFIG: join(base, 'docker-config'),
  });
}

async function startService(): Promise<void> {
  // The daemon knows the registry's authority by what the host trusts.
  service = spawnTspod(['system', 'service', '--time', '0', `unix://${join(base, 's')}`], {
    root: makeTestRoot(),
    env: { SSL_CERT_FILE: join(registry.certificates, 'ca.crt') },
  });
  await waitFor('the service', () => existsSync(join(base, 's')));
}

describe('images go to and fro', { skip: requires('docker-registry') }, () => {
  before(async () => {
    // The path of a socket is short, and podman takes only lower-case ones for OCI layouts.
    base = `/tmp/tspod-exchange-${process.pid}`;
    mkdirSync(base, { mode: 0o700 });
    registry = await startRegistry({ tls: true, user: ann });
    const context = join(base, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'added'), 'x'.repeat(70_000));
    writeFileSync(
      join(context, 'Containerfile'),
      `FROM ${await busyboxImage()}\nLABEL by=tspod\nCOPY added /\n`,
    );
    await tspodOk(['build', '-q', '-t', 'localhost/ours:1', context]);
    ours = await ofTspod('localhost/ours:1');
    assert.deepEqual([ours.layers.length, ours.by], [2, 'tspod']);
    if (docker.skip !== false) return;
    await startService();
    mkdirSync(join(base, 'docker-config'));
    const auths = { [registry.host]: { auth: Buffer.from(CREDS).toString('base64') } };
    writeFileSync(join(base, 'docker-config/config.json'), JSON.stringify({ auths }));
  });
  after(async () => {
    service?.kill('SIGTERM');
    await service?.exit;
    await registry?.stop();
    rmSync(base, { recursive: true, force: true });
  });

  for (const peer of [skopeo, ofContainers('podman'), ofContainers('buildah'), docker]) {
    describe(`with ${peer.name}`, { skip: peer.skip }, () => {
      test('through a registry with TLS and a password', async () => {
        const login = ['--cert-dir', registry.certificates, '--creds', CREDS];
        const there = `${registry.host}/${peer.name}/there:1`;
        const back = `${registry.host}/${peer.name}/back:1`;
        for (const form of [
          ['--format', 'v2s2'],
          ['--format', 'oci', '--compression-format', 'zstd'],
        ]) {
          await tspodOk(['push', '-q', ...login, ...form, 'localhost/ours:1', there]);
          assert.deepEqual(
            await peer.take(`docker://${there}`, `registry${form.length}`),
            ours,
            form.join(' '),
          );
          await peer.give(`registry${form.length}`, `docker://${back}`);
          const root = makeTestRoot();
          await tspodOk(['pull', '-q', ...login, back], { root });
          assert.deepEqual(await ofTspod(back, root), ours, form.join(' '));
        }
      });

      for (const transport of peer.places)
        test(`as ${transport}`, async () => {
          const [there, back] = ['there', 'back'].map((way) => {
            const path = join(base, `${peer.name}-${transport}-${way}`);
            return transport === 'dir' ? `dir:${path}` : `${transport}:${path}:localhost/went:1`;
          }) as [string, string];
          await tspodOk(['push', '-q', 'localhost/ours:1', there]);
          assert.deepEqual(await peer.take(there, transport), ours);
          await peer.give(transport, back);
          const root = makeTestRoot();
          const [id = ''] = (await tspodOk(['pull', '-q', withoutName(back, peer)], { root })).split('\n');
          assert.deepEqual(await ofTspod(id, root), ours);
        });
    });
  }
});

/** docker saves an image with the names that it has. */
function withoutName(place: string, { name }: Peer): string {
  return name === 'docker' ? place.replace(/:localhost\/went:1$/, '') : place;
}
