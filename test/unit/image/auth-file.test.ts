import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findCredentials } from '../../../src/image/auth-file.ts';

const encode = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

describe('credentials', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-auth-'));
    env = { HOME: directory, XDG_RUNTIME_DIR: join(directory, 'run'), PATH: `${directory}:/usr/bin:/bin` };
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  function write(path: string, content: unknown): string {
    const file = join(directory, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  }
  const password = async (repository: string, options = {}) =>
    (await findCredentials(repository, { env, ...options }))?.password;

  it('are taken from the entry with the longest path', async () => {
    write('run/containers/auth.json', {
      auths: { 'r.io': encode('u:host'), 'r.io/team': encode('u:team'), 'r.io/team/app': encode('u:app:1') },
    });
    assert.equal(await password('r.io/team/app'), 'app:1');
    assert.equal(await password('r.io/team/other'), 'team');
    assert.equal(await password('r.io/x'), 'host');
    assert.equal(await password('r.io:5000/x'), undefined);
  });

  it('are searched for in one file after the other', async () => {
    write('.docker/config.json', {
      auths: { 'https://index.docker.io/v1/': encode('u:hub'), 'r.io': encode('u:docker') },
    });
    write('.config/containers/auth.json', { auths: { 'r.io': encode('u:config') } });
    assert.equal(await password('r.io/x'), 'config');
    assert.equal(await password('docker.io/library/x'), 'hub');
    write('run/containers/auth.json', { auths: { 'r.io': encode('u:run') } });
    assert.equal(await password('r.io/x'), 'run');
    const authfile = write('mine.json', { auths: { 'r.io': encode('u:mine') } });
    assert.equal(await password('r.io/x', { authfile }), 'mine');
    assert.equal(await password('docker.io/library/x', { authfile }), undefined);
    env['REGISTRY_AUTH_FILE'] = authfile;
    assert.equal(await password('r.io/x'), 'mine');
    assert.equal(await password('r.io/x', { creds: 'me:cli' }), 'cli');
  });

  it('come from helpers, per registry or for all, and tokens from their special user', async () => {
    const helper = (name: string, line: string) =>
      writeFileSync(join(directory, `docker-credential-${name}`), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    helper('one', 'cat >/dev/null; echo \'{"Username":"u","Secret":"one"}\'');
    helper('all', 'read s; echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"all for $s\\"}"');
    helper('token', 'cat >/dev/null; echo \'{"Username":"<token>","Secret":"refresh"}\'');
    helper('none', 'cat >/dev/null; echo "credentials not found in native keychain"; exit 1');
    helper('broken', 'cat >/dev/null; echo "locked"; exit 1');
    const authfile = write('helpers.json', {
      credsStore: 'all',
      credHelpers: {
        'one.io': 'one',
        'token.io': 'token',
        'none.io': 'none',
        'broken.io': 'broken',
        'gone.io': 'gone',
      },
    });
    const find = (repository: string) => findCredentials(repository, { env, authfile });
    assert.equal((await find('one.io/x'))?.password, 'one');
    assert.equal((await find('any.io/x'))?.password, 'all for any.io');
    assert.equal((await find('docker.io/library/x'))?.password, 'all for https://index.docker.io/v1/');
    assert.equal((await find('token.io/x'))?.identityToken, 'refresh');
    assert.equal(await find('none.io/x'), undefined);
    await assert.rejects(find('broken.io/x'), { message: /docker-credential-broken for broken\.io: locked/ });
    await assert.rejects(find('gone.io/x'), {
      message: /docker-credential-gone for gone\.io: program not found/,
    });
  });

  it('that are damaged are reported without quoting the file', async () => {
    const authfile = write('bad.json', '{"auths": {"r.io": {"auth": "c2VjcmV0"');
    await assert.rejects(password('r.io/x', { authfile }), (error: Error) => {
      assert.equal(error.message, `reading auth file ${authfile}: not valid JSON`);
      return true;
    });
    await assert.rejects(password('r.io/x', { authfile: join(directory, 'missing') }), {
      name: 'UsageError',
    });
  });
});
