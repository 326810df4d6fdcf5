import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { findCredentials } from '../../../src/image/auth-file.ts';
import { removeAllLogins, removeLogin, storeLogin } from '../../../src/image/auth-file-change.ts';

const ANN = { username: 'ann', password: 'pa:ss' };

describe('the auth file', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-auth-'));
    file = join(directory, 'folder/auth.json');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const place = (isDocker = false, env: NodeJS.ProcessEnv = {}) => ({
    file,
    isDocker,
    lock: join(directory, 'lock'),
    env,
  });
  const content = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

  test('is made for nobody but its owner', async () => {
    await storeLogin(place(), 'quay.io', ANN);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory, 'folder')).mode & 0o777, 0o700);
    assert.deepEqual(await findCredentials('quay.io/a/b', { authfile: file, env: {} }), ANN);
  });

  test('keeps what else is in it, and the link that leads to it', async () => {
    const real = join(directory, 'real.json');
    writeFileSync(real, JSON.stringify({ psFormat: 'x', auths: { 'ghcr.io': { auth: 'YTpi' } } }));
    file = join(directory, 'auth.json');
    symlinkSync('real.json', file);
    await storeLogin(place(), 'quay.io/space', ANN);
    assert.equal(content()['psFormat'], 'x');
    assert.deepEqual(Object.keys(content()['auths'] as object), ['ghcr.io', 'quay.io/space']);
    assert.ok(statSync(real).size > 100);
    assert.equal(await removeLogin(place(), 'quay.io/space'), true);
    assert.equal(await removeLogin(place(), 'quay.io/space'), false);
    assert.deepEqual(Object.keys(content()['auths'] as object), ['ghcr.io']);
    await removeAllLogins(place());
    assert.deepEqual(content()['auths'], {});
  });

  test("has docker's own name for its hub in docker's own file", async () => {
    await storeLogin(place(true), 'docker.io', ANN);
    assert.deepEqual(Object.keys(content()['auths'] as object), ['https://index.docker.io/v1/']);
    assert.deepEqual(await findCredentials('docker.io/library/x', { authfile: file, env: {} }), ANN);
    assert.equal(await removeLogin(place(true), 'docker.io'), true);
  });

  test('loses none of many logins at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `r${i}.example.com`);
    await Promise.all(names.map((name) => storeLogin(place(), name, ANN)));
    assert.deepEqual(Object.keys(content()['auths'] as object).sort(), [...names].sort());
  });

  test('leaves secrets to the helper that it names', async () => {
    const helper = join(directory, 'docker-credential-box');
    writeFileSync(
      helper,
      `#!/bin/sh
case $1 in
  store) cat > ${directory}/stored ;;
  get) [ -e ${directory}/stored ] && cat ${directory}/stored || { echo credentials not found; exit 1; } ;;
  erase) rm ${directory}/stored ;;
esac
`,
    );
    chmodSync(helper, 0o755);
    const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    file = join(directory, 'config.json');
    const text = JSON.stringify({ credsStore: 'box' });
    writeFileSync(file, text);
    await storeLogin(place(true, env), 'docker.io', ANN);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.deepEqual(JSON.parse(readFileSync(join(directory, 'stored'), 'utf8')), {
      ServerURL: 'https://index.docker.io/v1/',
      Username: 'ann',
      Secret: 'pa:ss',
    });
    assert.deepEqual(await findCredentials('docker.io/x/y', { authfile: file, env }), ANN);
    assert.equal(await removeLogin(place(true, env), 'docker.io'), true);
    assert.equal(await removeLogin(place(true, env), 'docker.io'), false);
  });
});
