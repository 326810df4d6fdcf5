import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createScript, freshName } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';

const ANALYZE = '/usr/bin/systemd-analyze';
const skip = existsSync(ANALYZE) ? false : 'needs systemd-analyze';

/** What systemd says about the unit, but for the manual page that is not installed here. */
function verify(text: string, file: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'tspod-unit-'));
  try {
    const path = join(directory, file);
    writeFileSync(path, text);
    const { stderr } = spawnSync(ANALYZE, ['verify', path], { encoding: 'utf8' });
    return stderr
      .split('\n')
      .filter((line) => line.includes(file) && !/Command 'man /.test(line))
      .join('\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('generate systemd', () => {
  it('makes units that systemd understands, whatever is in the command line', { skip }, async () => {
    const name = await createScript(
      ['-e', 'A=x y"z$HOME %h', '-l', 'k=v\nRestart=nonsense', '--restart', 'always'],
      'echo "$A"',
    );
    for (const flags of [
      [],
      ['--name'],
      ['--new', '--name'],
      ['--new', '--restart-sec', '4', '--wants', 'a.service'],
    ])
      assert.equal(
        verify(await tspodOk(['generate', 'systemd', ...flags, name]), `container-${name}.service`),
        '',
      );
    const template = await tspodOk(['generate', 'systemd', '--new', '--name', '--template', name]);
    assert.equal(verify(template, `container-${name}@x.service`), '');
  });

  it('repeats the command line with --new, and lets the unit decide what is its own', async () => {
    const name = await createScript(['-e', 'A=$HOME %h', '--rm', '--sdnotify', 'ignore'], 'echo "$A"');
    const text = await tspodOk(['generate', 'systemd', '--new', '--name', name]);
    const [line = ''] = /^ExecStart=.*$/m.exec(text) ?? [];
    assert.match(
      line,
      / run --cidfile=%t\/%n\.ctr-id --cgroups=no-conmon --rm --sdnotify=conmon --replace -d /,
    );
    assert.match(line, /"--env=A=\$\$HOME %%h"/);
    assert.match(line, / sh -c "echo \\"\$\$A\\""$/);
    assert.equal(line.match(/sdnotify/g)?.length, 1);
    assert.match(text, /^Type=notify$/m);
  });

  it('names unit and container as asked for', async () => {
    const name = await createScript([], 'echo "$A"');
    const id = await tspodOk(['inspect', '-f', '{{.Id}}', name]);
    assert.match(
      await tspodOk(['generate', 'systemd', name]),
      new RegExp(`^# container-${id}\\.service$`, 'm'),
    );
    const json = await tspodOk([
      ...['generate', 'systemd', '--name', '--format', 'json', '--no-header'],
      ...['--container-prefix', 'c', '--separator', '_', '--restart-policy', 'no', '-e', 'X=a b', name],
    ]);
    const text = (JSON.parse(json) as Record<string, string>)[`c_${name}`] ?? '';
    assert.match(text, /^\[Unit\]\n/);
    assert.match(text, /^Restart=no$/m);
    assert.match(text, /^Environment="X=a b"$/m);
    assert.match(text, new RegExp(`^ExecStart=.* start ${name}$`, 'm'));
  });

  it('refuses pods, by name', async () => {
    const pod = freshName();
    await tspodOk(['pod', 'create', '--name', pod]);
    const { code, stderr } = await tspod(['generate', 'systemd', pod]);
    assert.equal(code, 125);
    assert.match(stderr, new RegExp(`${pod} is a pod: services are made for containers only`));
    await tspodOk(['pod', 'rm', pod]);
  });

  it('refuses what no unit can have', async () => {
    const name = await createScript([], 'echo "$A"');
    for (const flags of [
      ['--template'],
      ['--restart-policy', 'sometimes'],
      ['--after', 'a\nb'],
      ['--format', 'xml'],
      ['--restart-sec', '-1'],
    ])
      assert.equal((await tspod(['generate', 'systemd', ...flags, name])).code, 125, flags.join(' '));
  });
});
