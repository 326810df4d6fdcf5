import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE, type Operation } from '../../fixtures/crash-operation.ts';
import { testRoot, tspod, tspodOk } from '../../fixtures/harness.ts';

const vault = () => join(testRoot().base, 'vault');
const volumes = () => join(testRoot().base, 'elsewhere');
const there = () => ['--volumepath', volumes()];

/** A keeper that is not there any more fails to be removed, as most programs that users have for this do. */
const createSecret = () => [
  ...['secret', 'create', '--replace', '--env', '-d', 'shell'],
  ...Object.entries({
    list: `ls ${vault()}`,
    lookup: `cat ${vault()}/$SECRET_ID`,
    store: `cat > ${vault()}/$SECRET_ID`,
    delete: `rm ${vault()}/$SECRET_ID`,
  }).flatMap(([key, value]) => ['--driver-opts', `"${key}=${value}"`]),
  ...['victim', 'KEPT'],
];
const env = () => ({ KEPT: 'kept elsewhere' });
const makeVault = () => {
  mkdirSync(vault(), { recursive: true });
  return Promise.resolve();
};
const secret = () => tspodOk(createSecret(), { env: env() });
const vaultIsTrue = async () => {
  await secret();
  // What others had left is gone, and what is there belongs to the secret.
  assert.deepEqual(readdirSync(vault()), [await tspodOk(['secret', 'ls', '-q'])].filter(Boolean));
  const shown = await tspodOk([
    'run',
    '--rm',
    '--network',
    'none',
    '--secret',
    'victim',
    IMAGE,
    'cat',
    '/run/secrets/victim',
  ]);
  assert.equal(shown, 'kept elsewhere');
  await tspodOk(['secret', 'rm', 'victim']);
  assert.deepEqual(readdirSync(vault()), []);
};

const createVolume = () => [...there(), 'volume', 'create', 'victim'];
const filled = async () => {
  await tspodOk(createVolume());
  writeFileSync(join(volumes(), 'victim/_data/old'), 'old');
};
/** Nothing that was removed comes back with the next of that name. */
const volumeIsNew = async () => {
  await tspod(['volume', 'rm', 'victim']);
  await tspodOk(createVolume());
  assert.deepEqual(readdirSync(join(volumes(), 'victim/_data')), []);
  await tspodOk(['volume', 'rm', 'victim']);
  await nothingElsewhere();
};
const nothingElsewhere = async () => {
  await tspodOk(['system', 'check', '--repair', '--quick']);
  assert.deepEqual(existsSync(volumes()) ? readdirSync(volumes()) : [], []);
};

export const ELSEWHERE: readonly Operation[] = [
  {
    name: 'secret create, with a driver',
    prepare: makeVault,
    args: createSecret,
    env,
    points: ['secret-after-put'],
    afterwards: vaultIsTrue,
  },
  {
    name: 'secret create --replace, with a driver',
    prepare: makeVault,
    before: secret,
    args: createSecret,
    env,
    points: ['secret-after-put', 'secret-after-row'],
    afterwards: vaultIsTrue,
  },
  {
    name: 'secret rm, with a driver',
    prepare: makeVault,
    before: secret,
    args: () => ['secret', 'rm', 'victim'],
    points: ['secret-after-drop'],
    afterwards: vaultIsTrue,
  },
  {
    name: 'volume create --volumepath',
    args: createVolume,
    points: ['volume-after-directory'],
    afterwards: nothingElsewhere,
  },
  {
    name: 'volume create --volumepath, and another',
    args: createVolume,
    points: ['volume-after-directory'],
    afterwards: volumeIsNew,
  },
  {
    name: 'volume rm, of one elsewhere',
    before: filled,
    args: () => ['volume', 'rm', 'victim'],
    points: ['volume-after-row'],
    afterwards: volumeIsNew,
  },
  {
    name: 'volume rm',
    before: async () => {
      await tspodOk(['volume', 'create', 'victim']);
      await tspodOk(['run', '--rm', '--network', 'none', '-v', 'victim:/data', IMAGE, 'touch', '/data/old']);
    },
    args: () => ['volume', 'rm', 'victim'],
    points: ['volume-after-row'],
    afterwards: async () => {
      await tspodOk(['volume', 'create', 'victim']);
      const path = await tspodOk(['volume', 'inspect', '--format', '{{.Mountpoint}}', 'victim']);
      assert.deepEqual(readdirSync(path), []);
      await tspodOk(['volume', 'rm', 'victim']);
    },
  },
  {
    name: 'run --rm --volumepath with an anonymous volume',
    args: () => [...there(), 'run', '--rm', '--network', 'none', '-v', '/data', IMAGE, 'touch', '/data/old'],
    points: ['volume-after-directory', 'remove-after-row'],
    afterwards: nothingElsewhere,
  },
];
