import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    assert.equal(await tspodOk(['quadlet', 'list', '--filter', 'name=x*', ...format], options), '');
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

  it('refuses addresses and files of other kinds', async () => {
    assert.match(
      (await tspod(['quadlet', 'install', 'https://example.com/x.container'], options)).stderr,
      /download/,
    );
    const other = join(base, 'sources/notes.txt');
    writeFileSync(other, '');
    assert.equal((await tspod(['quadlet', 'install', other], options)).code, 125);
  });
});
