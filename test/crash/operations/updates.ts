import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE, type Operation } from '../../fixtures/crash-operation.ts';
import { tspod, tspodOk } from '../../fixtures/harness.ts';
import { type StandInUnits, standInUnits } from '../../fixtures/stand-in-units.ts';

const NAME = 'localhost/app:latest';
const UNIT = 'victim.service';
const RUN = [
  ...['run', '-d', '--replace', '--network', 'none', '--name', 'victim', '--stop-timeout', '0'],
  ...['--label', 'io.containers.autoupdate=local', NAME],
];

let units: StandInUnits | undefined;

/** The images that the name comes to mean. */
async function prepare(): Promise<void> {
  units ??= standInUnits();
  units.write(UNIT, RUN);
  const context = join(units.folder, 'context');
  mkdirSync(context, { recursive: true });
  for (const [tag, command] of [
    ['old', '["sleep", "1000"]'],
    ['new', '["sleep", "2000"]'],
    ['broken', '["/nowhere"]'],
  ] as const) {
    writeFileSync(join(context, 'Containerfile'), `FROM ${IMAGE}\nCMD ${command}\n`);
    await tspodOk(['build', '-q', '-t', `localhost/${tag}`, context]);
  }
  await tspodOk(['tag', 'localhost/old', NAME]);
}

/** The unit runs with the old image, and the name means another. */
async function outdated(tag: 'new' | 'broken'): Promise<void> {
  await tspodOk(['tag', 'localhost/old', NAME]);
  await tspodOk(RUN, { env: { PODMAN_SYSTEMD_UNIT: UNIT } });
  writeFileSync(join(units?.folder ?? '', `${UNIT}.state`), 'active\n');
  await tspodOk(['tag', `localhost/${tag}`, NAME]);
}

const update = () => tspod(['auto-update', '--format', '{{.Updated}}'], { env: units?.env ?? {} });

async function runsWith(tag: string): Promise<void> {
  const image = await tspodOk(['inspect', '-f', '{{.State.Running}} {{.Image}}', 'victim']);
  assert.equal(image, `true ${await tspodOk(['image', 'inspect', '-f', '{{.Id}}', `localhost/${tag}`])}`);
}

async function forget(): Promise<void> {
  await tspodOk(['rm', '-f', '-t', '0', 'victim']);
  await tspodOk(['tag', 'localhost/old', NAME]);
}

const common = {
  args: () => ['auto-update'],
  env: () => ({ ...units?.env }),
  forget,
};

export const UPDATES: readonly Operation[] = [
  {
    ...common,
    name: 'auto-update',
    prepare,
    before: () => outdated('new'),
    points: ['auto-update-before-restart'],
    afterwards: async () => {
      await runsWith('old');
      assert.equal((await update()).stdout, 'true\n');
      await runsWith('new');
    },
  },
  {
    ...common,
    name: 'auto-update to an image that does not start',
    prepare,
    before: () => outdated('broken'),
    points: ['auto-update-before-rollback', 'auto-update-before-second-restart'],
    afterwards: async () => {
      const { code, stderr, stdout } = await update();
      assert.deepEqual([code, stdout], [125, 'false\n']);
      assert.match(stderr, /victim\.service had failed with a new image when its update was interrupted/);
      await runsWith('old');
      assert.equal(
        await tspodOk(['image', 'inspect', '-f', '{{.Id}}', NAME]),
        await tspodOk(['image', 'inspect', '-f', '{{.Id}}', 'localhost/old']),
      );
      assert.deepEqual([(await update()).code, (await update()).stdout], [0, 'false\n']);
    },
  },
];
