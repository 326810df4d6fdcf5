import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBadRegistry } from '../fixtures/bad-registry.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, type TestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildImage } from '../fixtures/images.ts';
import { type CommandProcess, startCommandProcess } from '../fixtures/in-process.ts';
import { requires } from '../fixtures/requires.ts';

/**
 * A small store with two of everything: each kind of file of `one`, and of the store itself, is taken away and overwritten; then all
 * commands run. Those that are not about what was damaged must not notice: they run once for all files that harm the same objects, and
 * file by file only when one of them does notice. Those that may fail run for each file, since each has to be told about.
 */
const skip = requires('root');
const NAMES = ['one', 'two'] as const;
const NO_NETWORK = ['--network', 'none'];
const EMPTY = mkdtempSync(join(testRoot().base, 'context-'));

interface Command {
  /** What it is about: only damage of that may make it fail. */
  about: string;
  args: string[];
}

const about = (what: string, ...args: string[]): Command => ({ about: what, args });

const COMMANDS: readonly Command[] = [
  about('', 'ps', '-a'),
  about('', 'images'),
  about('', 'volume', 'ls'),
  about('', 'network', 'ls'),
  about('', 'secret', 'ls'),
  about('', 'info'),
  about('', 'system', 'df'),
  about('', 'events', '--stream=false', '--since', '1m'),
  about('', 'build', '-q', EMPTY),
  ...NAMES.flatMap((name) => [
    about(`image-${name}`, 'image', 'inspect', name, `l-${name}`),
    about(`image-${name}`, 'save', '-q', '-o', '/dev/null', name),
    about(`image-${name}`, 'run', '--rm', ...NO_NETWORK, name, 'cat', `/${name}`, `/file-${name}`),
    about(`c-${name}`, 'logs', `c-${name}`),
    about(`c-${name}`, 'start', '-a', `c-${name}`),
    about(`up-${name}`, 'inspect', `up-${name}`),
    about(`up-${name}`, 'exec', `up-${name}`, 'cat', '/written', '/v/file'),
    about(`n-${name}`, 'network', 'inspect', `n-${name}`),
  ]),
];

/** By the path with names in place of ids: what may fail. Everything else has to go on. */
const HARMS: readonly [RegExp, string[]][] = [
  [/^root\/layers\/(one|two)\d\//, ['image-$1', 'c-$1', 'up-$1']],
  // The layer that both stand on.
  [/^root\/layers\/base\//, ['image-one', 'image-two', 'c-one', 'c-two', 'up-one', 'up-two']],
  // Of the download that broke off.
  [/^root\/layers\/ID\//, []],
  [/^root\/containers\/([\w-]+)\//, ['$1']],
  [/^run\/(containers|oci\/\w+)\/([\w-]+)\//, ['$2']],
  [/^root\/volumes\/v-(\w+)\//, ['c-$1', 'up-$1']],
  [/^networks\/([\w-]+)\.json$/, ['$1']],
  [/^networks\/netavark\.lock$/, []],
  // Caches, locks, leftovers and what can be made anew.
  [
    /^root\/(driver|default-network\.json|secrets\.key|state\.db-reserve|build-mounts\/.*|tmp\/partial-.*)$/,
    [],
  ],
  [/^run\/(locks|networks|exits)\/|^run\/(containers-conf|runtime-versions)\.json$/, []],
];
/** Those of the database come in a test of their own. */
const DATABASE = /^root\/state\.db(-wal|-shm)?(-kept)?$/;

const DAMAGES = {
  gone: (path: string) => rmSync(path),
  // With other content of the same length.
  overwritten: (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size, 'Z')),
};

describe('a store with a damaged file', { skip }, () => {
  const ids = new Map<string, string>();
  let commands: CommandProcess;

  before(async () => {
    await busyboxImage();
    for (const name of NAMES) await makeObjects(name);
    await leavePartialBlob();
    await nameIds(ids);
    writeFileSync(join(EMPTY, 'Containerfile'), 'FROM scratch\nLABEL a=b\n');
    commands = startCommandProcess();
  });
  after(() => commands?.stop());

  test('harms only commands about what is damaged, and their errors name it', async () => {
    const problems: string[] = [];
    const look = async (what: string, harmed: readonly string[], which: Which): Promise<string[]> => {
      const found: string[] = [];
      for (const { about: object, args } of COMMANDS) {
        if (harmed.includes(object) !== (which === 'harmed')) continue;
        const { code, output } = await commands.run(args);
        if (code === 0) continue;
        const says = `${what}: ${args.join(' ')} exited with ${code}: ${output}`;
        if (which !== 'harmed') found.push(says);
        else if (/^Error: /.test(output) && !isHelpful(output, object)) found.push(`not helpful: ${says}`);
      }
      return found;
    };
    for (const { harmed, files } of filesByHarm(ids, problems))
      for (const damage of Object.keys(DAMAGES) as (keyof typeof DAMAGES)[]) {
        const all = `${files.length} files that harm ${harmed.join(', ') || 'nothing'} ${damage}`;
        const noticed = await whileDamaged(files, damage, () => look(all, harmed, 'others'));
        if (noticed.length > 0) problems.push(...noticed);
        for (const file of files) {
          const what = `${file.name} ${damage}`;
          const kinds: Which[] = noticed.length > 0 ? ['harmed', 'others'] : ['harmed'];
          for (const kind of kinds)
            problems.push(...(await whileDamaged([file], damage, () => look(what, harmed, kind))));
        }
      }
    problems.push(...(await look('everything restored', [], 'others')));
    assert.deepEqual(problems, []);
  });
});

/** Commands about what is harmed, or all others. */
type Which = 'harmed' | 'others';

interface NamedFile {
  name: string;
  path: string;
}

/** Without those of the database; what nobody knows is told, and taken for harmless. */
function filesByHarm(
  ids: ReadonlyMap<string, string>,
  problems: string[],
): { harmed: string[]; files: NamedFile[] }[] {
  const groups = new Map<string, { harmed: string[]; files: NamedFile[] }>();
  for (const [name, path] of filesByName(ids)) {
    if (DATABASE.test(name)) continue;
    const harmed = harmsOf(name);
    if (harmed === undefined) problems.push(`${name}: nobody knows what it is for`);
    const key = harmed?.join() ?? '';
    const group = groups.get(key) ?? { harmed: harmed ?? [], files: [] };
    groups.set(key, group);
    group.files.push({ name, path });
  }
  return [...groups.values()];
}

/** Afterwards they are as they were. */
async function whileDamaged<T>(
  files: readonly NamedFile[],
  damage: keyof typeof DAMAGES,
  work: () => Promise<T>,
): Promise<T> {
  const kept = files.map(({ path }) => ({ path, stat: statSync(path), content: readFileSync(path) }));
  for (const { path } of files) DAMAGES[damage](path);
  try {
    return await work();
  } finally {
    for (const { path, stat, content } of kept) {
      writeFileSync(path, content, { mode: stat.mode });
      utimesSync(path, stat.atime, stat.mtime);
    }
  }
}

/** It names the object or one of its layers, and says in a second line what to do. */
function isHelpful(output: string, object: string): boolean {
  const name = object.replace('image-', '');
  return (output.includes(name) || /layer [0-9a-f]{24}/.test(output)) && output.trim().includes('\n');
}

async function makeObjects(name: string): Promise<void> {
  const context = mkdtempSync(join(testRoot().base, `context-${name}-`));
  const lines = [
    'FROM busybox',
    `RUN --mount=type=cache,target=/c,id=${name} echo ${name} | tee /c/kept >/${name}`,
    `RUN echo 2 >/file-${name}`,
  ];
  writeFileSync(join(context, 'Containerfile'), lines.join('\n'));
  await tspodOk(['build', '-q', '-t', name, context]);
  await tspodOk(['volume', 'create', `v-${name}`]);
  await tspodOk(['network', 'create', `n-${name}`]);
  await tspodOk(['secret', 'create', `s-${name}`, '-'], { input: 'secret' });
  const with_ = ['-v', `v-${name}:/v`, ...NO_NETWORK, name];
  await tspodOk(['create', '--name', `c-${name}`, ...with_, 'sh', '-c', 'echo said; touch /v/x']);
  await tspodOk(['start', '-a', `c-${name}`]);
  await tspodOk(['run', '-d', '--name', `up-${name}`, ...with_, 'sleep', '3600']);
  await tspodOk(['exec', `up-${name}`, 'sh', '-c', 'echo x >/written; echo x >/v/file']);
  await tspodOk(['manifest', 'create', `l-${name}`, `containers-storage:${name}`]);
}

async function leavePartialBlob(): Promise<void> {
  const content = Buffer.alloc(3 << 20, 'x').toString();
  const image = buildImage({ layers: [[{ name: 'large', content }]], compression: 'none' });
  const registry = await startBadRegistry(image, { cutBlobs: 1000 });
  const pulled = await tspod(['pull', '-q', '--retry', '0', '--tls-verify=false', `${registry.host}/x`]);
  await registry.stop();
  assert.equal(pulled.code, 125);
}

/** For ids of containers and layers, what they are called here. */
async function nameIds(ids: Map<string, string>): Promise<void> {
  for (const name of NAMES) {
    for (const container of [`c-${name}`, `up-${name}`])
      ids.set(await tspodOk(['inspect', '--format', '{{.Id}}', container]), container);
    const directories = await tspodOk([
      'image',
      'inspect',
      '--format',
      '{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}',
      name,
    ]);
    const [top = '', middle = '', base = ''] = directories
      .split(':')
      .map((path) => path.split('/').at(-2) ?? '');
    ids.set(top, `${name}2`).set(middle, `${name}1`).set(base, 'base');
  }
}

/** All files of the store, one of each kind; those of `two` are as those of `one`. */
function filesByName(ids: ReadonlyMap<string, string>): Map<string, string> {
  const { base, graphRoot, runRoot } = testRoot();
  const files = new Map<string, string>();
  for (const [prefix, directory] of [
    ['root', graphRoot],
    ['run', runRoot],
    ['networks', join(base, 'networks')],
  ] as const)
    for (const path of listFiles(directory)) {
      const known = path.replace(/\b[0-9a-f]{24,64}\b/g, (id) => ids.get(id) ?? 'ID');
      // One of those that are alike is enough.
      const name = `${prefix}/${known}`
        .replace(/\/diff\/(bin|etc|run|usr)\/.*/, '/diff/files')
        .replace(/(one|two)2\//, '$11/')
        .replace(/\/diff\/file-one$/, '/diff/one')
        .replace(/(run\/containers\/.*)\/(hosts|hostname|resolv.conf|\.containerenv)$/, '$1/mounted')
        .replace(/_data\/.*/, '_data/file')
        .replace(/locks\/container-.*/, 'locks/container');
      if (!/\btwo\d|-two/.test(name) && !files.has(name)) files.set(name, join(directory, path));
    }
  return files;
}

/** Regular files, without what is mounted. */
function listFiles(directory: string, path = ''): string[] {
  return readdirSync(join(directory, path), { withFileTypes: true }).flatMap((entry) => {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'merged' ? [] : listFiles(directory, child);
    return lstatSync(join(directory, child)).isFile() ? [child] : [];
  });
}

function harmsOf(name: string): string[] | undefined {
  for (const [pattern, what] of HARMS) {
    const match = pattern.exec(name);
    if (match !== null)
      return what.map((word) => word.replace(/\$(\d)/, (_, group) => match[Number(group)] ?? ''));
  }
  return undefined;
}

describe('a store whose database is damaged', { skip }, () => {
  const COMMON = [['ps', '-a'], ['images'], ['volume', 'ls']];
  const FILES = ['state.db', 'state.db-wal', 'state.db-shm'];

  async function usedRoot(): Promise<TestRoot> {
    const root = makeTestRoot();
    await busyboxImage(root);
    await tspodOk(['create', '--name', 'kept', '-v', 'v-kept:/v', ...NO_NETWORK, 'busybox', 'true'], {
      root,
    });
    return root;
  }

  async function hasEverything(root: TestRoot, what: string): Promise<void> {
    const listed = [
      await tspodOk(['ps', '-a', '--format', '{{.Names}}'], { root }),
      await tspodOk(['images', '--format', '{{.Repository}}'], { root }),
      await tspodOk(['volume', 'ls', '-q'], { root }),
    ];
    assert.deepEqual(listed, ['kept', 'localhost/busybox', 'v-kept'], what);
  }

  test('loses nothing by one file that is deleted, and needs no repair', async () => {
    const root = await usedRoot();
    for (const file of FILES.flatMap((name) => [name, `${name}-kept`])) {
      rmSync(join(root.graphRoot, file));
      await hasEverything(root, `${file} deleted`);
      await tspodOk(['start', '-a', 'kept'], { root });
    }
    assert.equal(await tspodOk(['system', 'check'], { root }), '');
  });

  for (const file of FILES)
    test(`${file} overwritten: commands name it or work, and after a repair all do`, async () => {
      const root = await usedRoot();
      DAMAGES.overwritten(join(root.graphRoot, file));
      let isTold = false;
      for (const args of COMMON) {
        const { code, stderr } = await tspod(args, { root });
        if (code === 0) continue;
        isTold = true;
        assert.match(
          stderr,
          /^Error: state database \S+\/state\.db is damaged: .*\nrun `tspod system check --repair`/,
        );
      }
      // Nothing goes back in time without a word.
      if (file === 'state.db-wal') assert.ok(isTold);
      if (!isTold) await hasEverything(root, `${file} overwritten`);
      const repaired = await tspod(['system', 'check', '--repair', '--force'], { root });
      assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
      // What is new in a store is in its log.
      if (file !== 'state.db-wal') await hasEverything(root, `${file} repaired`);
      await busyboxImage(root);
      await tspodOk(['run', '--rm', ...NO_NETWORK, 'busybox', 'true'], { root });
      for (const args of [...COMMON, ['system', 'check']]) await tspodOk(args, { root });
    });
});
