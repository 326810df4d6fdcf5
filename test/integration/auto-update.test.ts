import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { type StandInUnits, standInUnits } from '../fixtures/stand-in-units.ts';

let registry: TestRegistry;
let units: StandInUnits;

/** A unit that runs an image; returns its name and that of its container. */
async function startUnit(image: string, policy: string): Promise<{ unit: string; container: string }> {
  const container = freshName('unit');
  const unit = `${container}.service`;
  const words = [
    'run',
    '-d',
    '--replace',
    '--network',
    'none',
    '--name',
    container,
    '--label',
    `io.containers.autoupdate=${policy}`,
    '--stop-timeout',
    '0',
    image,
  ];
  units.write(unit, words);
  await tspodOk(words, { env: { PODMAN_SYSTEMD_UNIT: unit } });
  return { unit, container };
}

const update = (...flags: string[]) => tspod(['auto-update', ...flags], { env: units.env });
const row = '{{.Unit}} {{.ContainerName}} {{.Policy}} {{.Updated}}';

async function build(name: string, script: string): Promise<void> {
  const context = mkdtempSync(join(units.folder, 'context-'));
  writeFileSync(join(context, 'Containerfile'), `FROM ${BUSYBOX}\nCMD ["sh", "-c", "${script}"]\n`);
  await tspodOk(['build', '-q', '-t', name, context]);
}

const says = (container: string) => tspodOk(['exec', container, 'cat', '/says']);
const program = (word: string) => `echo ${word} > /says; exec sleep 1000`;

describe('auto-update', () => {
  before(async () => {
    await busyboxImage();
    units = standInUnits();
    registry = await startRegistry();
  });
  after(() => registry.stop());

  test('restarts the unit whose image has changed in its registry', async () => {
    const name = `${registry.host}/app:1`;
    const insecure = '--tls-verify=false';
    await build(name, program('old'));
    await tspodOk(['push', insecure, name]);
    const { unit, container } = await startUnit(name, 'registry');
    assert.equal((await update(insecure, '--format', row)).stdout, `${unit} ${container} registry false\n`);
    await build('localhost/next', program('new'));
    await tspodOk(['push', insecure, 'localhost/next', name]);
    assert.equal(
      (await update(insecure, '--dry-run', '--format', row)).stdout,
      `${unit} ${container} registry pending\n`,
    );
    assert.equal(await says(container), 'old');
    assert.equal((await update(insecure, '--format', row)).stdout, `${unit} ${container} registry true\n`);
    assert.equal(await says(container), 'new');
    assert.match(readFileSync(join(units.folder, 'calls'), 'utf8'), new RegExp(`restart -- ${unit}\n$`));
    assert.match((await update(insecure)).stdout, /^UNIT +CONTAINER +IMAGE +POLICY +UPDATED\n/);
    await tspodOk(['rm', '-f', '-t', '0', container]);
  });

  test('takes what was built here, and goes back when the unit does not start', async () => {
    const name = `localhost/${freshName('app')}`;
    await build(name, program('old'));
    const { unit, container } = await startUnit(name, 'local');
    await build(name, program('new'));
    assert.equal((await update('--format', row)).stdout, `${unit} ${container} local true\n`);
    assert.equal(await says(container), 'new');
    await tspodOk(['build', '-q', '-t', name, '-'], { input: `FROM ${BUSYBOX}\nENTRYPOINT ["/nowhere"]\n` });
    const failed = await update('--format', row);
    assert.equal(failed.code, 125);
    assert.equal(failed.stdout, `${unit} ${container} local rolled back\n`);
    assert.match(failed.stderr, new RegExp(`cannot restart ${unit}`));
    assert.equal(await says(container), 'new');
    await tspodOk(['rm', '-f', '-t', '0', container]);
  });

  test('names what it cannot update, and leaves others alone', async () => {
    const lonely = freshName('lonely');
    const stray = ['run', '-d', '--network', 'none', '--stop-timeout', '0', '--name', lonely];
    await tspodOk([...stray, '--label', 'io.containers.autoupdate=registry', BUSYBOX, 'sleep', '1000']);
    const result = await update('--format', 'json');
    assert.deepEqual([result.code, JSON.parse(result.stdout)], [125, []]);
    assert.match(result.stderr, new RegExp(`container ${lonely}: no PODMAN_SYSTEMD_UNIT label found`));
    await tspodOk(['rm', '-f', '-t', '0', lonely]);
  });
});
