import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { comparableConfig, corpusNames, describeTree, openCase, run } from '../fixtures/build-corpus.ts';
import { runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';

interface Outcome {
  files: Map<string, string>;
  config: Record<string, unknown>;
}

const skip = requires('root', 'buildah');
const BASE = 'localhost/busybox:latest';
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

describe('a build', { skip, concurrency: 4 }, () => {
  let base: string;
  let peerRoot: string;
  before(async () => {
    base = join(testRoot().base, 'corpus');
    peerRoot = join(base, 'peer/root');
    const from = join(base, 'base');
    mkdirSync(peerRoot, { recursive: true });
    mkdirSync(from);
    run('sh', ['-c', `cp '${busyboxArchive()}' base.tar`], from);
    run('sh', ['-c', `printf 'FROM scratch\\nADD base.tar /\\nCMD ["sh"]\\n' > Dockerfile`], from);
    await peerBuild(['--tag', BASE, '.'], from);
    await tspodOk(['import', '--change', 'CMD ["sh"]', '--change', `ENV ${PATH}`, busyboxArchive(), BASE]);
  });
  after(() => rmSync(base, { recursive: true, force: true }));

  /** Returns the id. */
  const peerBuild = async (args: readonly string[], cwd: string): Promise<string> => {
    const store = ['--root', peerRoot, '--runroot', join(base, 'peer/run'), '--storage-driver', 'vfs'];
    const building = ['bud', '--quiet', '--isolation', 'chroot', '--pull-never', '--format', 'docker'];
    const result = await runProgram('buildah', [...store, ...building, '--layers=false', ...args], {
      cwd,
    });
    if (result.code !== 0) throw new Error(`buildah ended with ${result.code}: ${result.stderr}`);
    return result.stdout.trim();
  };

  /** From its store, where the last layer is the whole tree: mounting would take longer than building. */
  const peerOutcome = (id: string): Outcome => {
    const images = JSON.parse(readFileSync(join(peerRoot, 'vfs-images/images.json'), 'utf8')) as {
      id: string;
      layer: string;
    }[];
    const image = images.find((each) => each.id === id);
    assert.ok(image !== undefined, `buildah has no image ${id}`);
    const configName = `=${Buffer.from(`sha256:${id}`).toString('base64')}`;
    const document = JSON.parse(readFileSync(join(peerRoot, 'vfs-images', id, configName), 'utf8')) as {
      config: Record<string, unknown>;
    };
    return { files: describeTree(join(peerRoot, 'vfs/dir', image.layer)), config: document.config };
  };

  const ownOutcome = async (id: string, directory: string): Promise<Outcome> => {
    const [inspected] = JSON.parse(await tspodOk(['image', 'inspect', id])) as [
      { Config: Record<string, unknown>; Healthcheck?: unknown },
    ];
    const root = join(directory, '.root');
    const archive = join(directory, '.root.tar');
    mkdirSync(root);
    const container = await tspodOk(['create', '--network', 'none', id, 'nothing']);
    await tspodOk(['export', '--output', archive, container]);
    await tspodOk(['rm', container]);
    run('tar', ['-xpf', archive, '--numeric-owner', '-C', root], directory);
    return {
      files: describeTree(root),
      config: { Healthcheck: inspected.Healthcheck, ...inspected.Config },
    };
  };

  for (const name of corpusNames())
    test(`makes of ${name} what buildah makes`, async () => {
      const { directory, peerFile, options } = openCase(name, base);
      const own = ['build', '--quiet', '--format', 'docker', '--pull=never', '--file', 'Dockerfile'];
      const [theirs, ours] = await Promise.all([
        peerBuild(['--file', peerFile, ...options, '.'], directory),
        tspodOk([...own, ...options, '.'], { cwd: directory }),
      ]);
      const outcome = await ownOutcome(ours, directory);
      const expected = peerOutcome(theirs);
      assert.deepEqual(Object.fromEntries(outcome.files), Object.fromEntries(expected.files));
      assert.deepEqual(comparableConfig(outcome.config), comparableConfig(expected.config));
    });
});
