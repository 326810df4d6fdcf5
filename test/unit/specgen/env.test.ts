import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { contextFixture, imageFixture, specOf } from './fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-env-'));
after(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(directory, name), content);
  return name;
}

const envOf = (options: CreateOptions, hostEnv: Record<string, string> = {}, image = imageFixture()) =>
  specOf(options, contextFixture({ hostEnv, image, cwd: directory })).process.env;

describe('the environment', () => {
  it("has the image's variables over the built-in ones, and marks the container", () => {
    assert.deepEqual(envOf({}), ['PATH=/usr/bin:/bin', 'container=podman']);
    assert.ok(
      envOf({}, {}, imageFixture({ Env: [] })).includes(
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ),
    );
    assert.ok(envOf({ tty: true }).includes('TERM=xterm'));
  });

  it('lets --env win over --env-file, and both over the image, in place', () => {
    const envFile = [file('a.env', 'A=file\nB=file\n')];
    const env = envOf({ envFile, env: ['B=flag', 'PATH=/x'] });
    assert.deepEqual(env, ['PATH=/x', 'container=podman', 'A=file', 'B=flag']);
  });

  it('inherits a name without a value from the host, and drops it when the host has none', () => {
    const host = { A: '1', PRE_X: 'x', PRE_Y: 'y', OTHER: 'o' };
    assert.deepEqual(envOf({ env: ['A', 'GONE', 'PRE_*', 'EMPTY='] }, host).slice(2), [
      'A=1',
      'PRE_X=x',
      'PRE_Y=y',
      'EMPTY=',
    ]);
  });

  it('keeps quotes, = and blanks of an env file as they are and skips comments and blank lines', () => {
    const text = '\ufeff# comment\n\n  A="x # y"\r\nB=a=b  \n#C=1\nFROM_HOST\nGONE\n';
    assert.deepEqual(envOf({ envFile: [file('b.env', text)] }, { FROM_HOST: 'h' }).slice(2), [
      'A="x # y"',
      'B=a=b  ',
      'FROM_HOST=h',
    ]);
  });

  it('names file and line of a bad entry, and a file that is not there', () => {
    assert.throws(() => envOf({ envFile: [file('c.env', 'A=1\nB C=2\n')] }), /c\.env, line 2.*white space/);
    assert.throws(
      () => envOf({ envFile: ['gone.env'] }),
      /cannot read environment file "gone.env": open .*gone.env: no such file/,
    );
    assert.throws(() => envOf({ env: ['=x'] }), /invalid environment variable: "=x"/);
  });

  it("passes on the host's proxies unless told not to", () => {
    const host = { http_proxy: 'http://p', NO_PROXY: 'x', ftp_proxy: '' };
    assert.deepEqual(
      envOf({}, host).filter((text) => /proxy/i.test(text)),
      ['http_proxy=http://p', 'NO_PROXY=x'],
    );
    assert.deepEqual(
      envOf({ httpProxy: false }, host).filter((text) => /proxy/i.test(text)),
      [],
    );
  });

  it("drops the image's variables by name or all, never the user's", () => {
    const image = imageFixture({ Env: ['A=1', 'B=2'] });
    assert.deepEqual(envOf({ unsetenv: ['A'], env: ['C=3'] }, {}, image).slice(2), ['B=2', 'C=3']);
    assert.deepEqual(envOf({ unsetenvAll: true, env: ['C=3'] }, {}, image), ['C=3']);
  });

  it('takes over the whole environment of the host but what would mislead', () => {
    const env = envOf(
      { envHost: true },
      { A: '1', HOME: '/home/me', HOSTNAME: 'h', container: 'x', PATH: '/host' },
    );
    assert.deepEqual(env, ['PATH=/usr/bin:/bin', 'container=podman', 'A=1']);
  });
});

describe('labels', () => {
  it('come from the image, then files, then flags', () => {
    const image = imageFixture({ Labels: { a: 'image', b: 'image', c: 'image' } });
    const labelFile = [file('labels', 'b=file\nc=file\nbare\n')];
    const spec = specOf({ labelFile, label: ['c=flag'] }, contextFixture({ image, cwd: directory }));
    assert.deepEqual(spec.labels, { a: 'image', b: 'file', c: 'flag', bare: '' });
    assert.throws(() => specOf({ label: ['=x'] }), /invalid label/);
  });
});
