import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { inContainer, runScript } from '../fixtures/containers.ts';
import { testRoot } from '../fixtures/harness.ts';

const directory = join(testRoot().base, 'cdi');
const later = join(testRoot().base, 'cdi-later');
const hookLog = join(testRoot().base, 'hook.log');
const withCdi = ['--cdi-spec-dir', directory, '--cdi-spec-dir', later];

before(() => {
  mkdirSync(directory);
  mkdirSync(later);
  const library = join(testRoot().base, 'library');
  mkdirSync(library);
  writeFileSync(join(library, 'libdevice.so'), 'of the driver\n');
  const hook = join(testRoot().base, 'hook.sh');
  writeFileSync(hook, `#!/bin/sh\ncat > /dev/null\necho "$1 $MARK" >> ${hookLog}\n`);
  chmodSync(hook, 0o755);
  const document = {
    cdiVersion: '0.6.0',
    kind: 'example.com/thing',
    containerEdits: {
      env: ['THING_DRIVER=1'],
      mounts: [{ hostPath: library, containerPath: '/opt/thing', options: ['ro', 'nosuid', 'bind'] }],
    },
    devices: [
      {
        name: 'first',
        containerEdits: {
          env: ['THING=first'],
          deviceNodes: [{ path: '/dev/thing0', hostPath: '/dev/zero', permissions: 'r' }],
          hooks: [
            { hookName: 'createRuntime', path: hook, args: ['hook.sh', 'created'], env: ['MARK=here'] },
          ],
        },
      },
      { name: 'second', containerEdits: { env: ['THING=second'] } },
    ],
  };
  writeFileSync(join(directory, 'thing.json'), JSON.stringify(document));
  const yaml = [
    'cdiVersion: "0.5.0"',
    'kind: nvidia.com/gpu',
    'devices:',
    '  - name: all',
    '    containerEdits:',
    '      env: [GPU=all]',
    '  - name: "0"',
    '    containerEdits:',
    '      env: [GPU=0]',
  ];
  writeFileSync(join(directory, 'gpu.yaml'), `${yaml.join('\n')}\n`);
});

describe('CDI devices', () => {
  it('bring their nodes, variables, mounts and hooks', async () => {
    const script =
      'echo $THING_DRIVER $THING; cat /opt/thing/*; touch /opt/thing/x 2>/dev/null || echo read-only; head -c 3 /dev/thing0 | wc -c';
    const printed = await inContainer([...withCdi, '--device', 'example.com/thing=first'], script);
    assert.equal(printed, '1 first\nof the driver\nread-only\n3');
    assert.equal(readFileSync(hookLog, 'utf8'), 'created here\n');
  });

  it('of a later directory replace those of an earlier one, in any notation', async () => {
    writeFileSync(
      join(later, 'thing.yml'),
      'kind: example.com/thing\ndevices: [{name: second, containerEdits: {env: [THING=newer]}}]\n',
    );
    const flags = [...withCdi, '--device', 'example.com/thing=second'];
    assert.equal(await inContainer(flags, 'echo $THING_DRIVER$THING'), 'newer');
  });

  it('are what --gpus asks for', async () => {
    assert.equal(await inContainer([...withCdi, '--gpus', 'all'], 'echo $GPU'), 'all');
    assert.equal(await inContainer([...withCdi, '--gpus', 'device=0'], 'echo $GPU'), '0');
  });

  it('that are not there are named, with those that are', async () => {
    const gone = await runScript([...withCdi, '--device', 'example.com/thing=third'], 'true');
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, /unresolvable CDI device example\.com\/thing=third/);
    assert.match(gone.stderr, /there are example\.com\/thing=first/);
    const nothing = await runScript(['--cdi-spec-dir', join(directory, 'none'), '--gpus', 'all'], 'true');
    assert.equal(nothing.code, 125);
    assert.match(nothing.stderr, /nvidia\.com\/gpu=all[\s\S]*nvidia-ctk cdi generate/);
  });

  it('of a file that is wrong are refused with its place', async () => {
    const bad = join(testRoot().base, 'cdi-bad');
    mkdirSync(bad);
    writeFileSync(
      join(bad, 'x.json'),
      JSON.stringify({
        kind: 'example.com/bad',
        devices: [{ name: 'a', containerEdits: { hooks: [{ hookName: 'later', path: '/bin/true' }] } }],
      }),
    );
    const { code, stderr } = await runScript(
      ['--cdi-spec-dir', bad, '--device', 'example.com/bad=a'],
      'true',
    );
    assert.equal(code, 125);
    assert.match(stderr, /cdi-bad\/x\.json: "hookName" of an entry of hooks must be one of prestart/);
  });
});
