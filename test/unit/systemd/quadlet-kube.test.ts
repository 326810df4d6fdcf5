import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { convertQuadlets } from '../../../src/systemd/quadlet.ts';
import { parseUnit, valuesOf } from '../../../src/systemd/unit-file.ts';

function convert(text: string) {
  const files = new Map(
    [
      ['web.kube', text],
      ['lan.network', '[Network]\n'],
      ['after.container', '[Unit]\nAfter=web.kube\n[Container]\nImage=x'],
    ].map(([name = '', content = '']) => [
      name,
      { name, path: `/etc/q/${name}`, unit: parseUnit(content, name) },
    ]),
  );
  const context = { program: '/usr/bin/tspod', user: false, files, exists: () => true };
  const { services, errors } = convertQuadlets(context);
  const unit = parseUnit(services.find(({ name }) => name === 'web.service')?.text ?? '', 'web.service');
  const after = services.find(({ name }) => name === 'after.service')?.text ?? '';
  return {
    get: (key: string, section = 'Service') => valuesOf(unit, section, key),
    errors: errors.map(({ error }) => String(error)),
    after,
  };
}

describe('a .kube file', () => {
  test('plays its file, and takes it down', () => {
    const { get, errors, after } = convert(
      '[Kube]\nYaml=web.yaml\nConfigMap=map.yaml\nPublishPort=8080:80\nNetwork=lan.network:alias=w\nAutoUpdate=registry side/local\nKubeDownForce=yes\nUserNS=auto\nLogDriver=journald\nSetWorkingDirectory=yaml\n',
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(get('ExecStart'), [
      '/usr/bin/tspod kube play --replace --service-container=true --log-driver=journald --publish=8080:80 --userns=auto --configmap=/etc/q/map.yaml --annotation=io.containers.autoupdate=registry --annotation=io.containers.autoupdate/side=local --network=systemd-lan:alias=w /etc/q/web.yaml',
    ]);
    const down = '/usr/bin/tspod kube down --force /etc/q/web.yaml';
    assert.deepEqual([get('ExecStop'), get('ExecStopPost')], [[down], [down]]);
    assert.deepEqual([get('Type'), get('NotifyAccess'), get('KillMode')], [['notify'], ['all'], ['mixed']]);
    assert.deepEqual(get('WorkingDirectory'), ['/etc/q']);
    assert.ok(get('Requires', 'Unit').includes('lan-network.service'));
    assert.ok(get('RequiresMountsFor', 'Unit').includes('/etc/q/web.yaml'));
    assert.match(after, /^After=web\.service$/m);
  });

  test('fails with its containers when it is to', () => {
    const { get } = convert('[Kube]\nYaml=/w.yaml\nExitCodePropagation=any\nLogOpt=tag=t path=/p\n');
    const down = '/usr/bin/tspod kube down --service-exit-code-propagation=any /w.yaml';
    assert.deepEqual([get('ExecStop'), get('ExecStopPost')], [[down], [down]]);
    assert.match(get('ExecStart').join(), / --log-opt=tag=t --log-opt=path=\/p /);
  });

  test('is refused for what it cannot be', () => {
    assert.match(convert('[Kube]\n').errors.join(), /no Yaml= key specified/);
    assert.match(
      convert('[Kube]\nYaml=x\nExitCodePropagation=some\n').errors.join(),
      /ExitCodePropagation=some must be all, any or none/,
    );
    assert.match(convert('[Kube]\nYaml=x\nPublish=1\n').errors.join(), /unsupported key 'Publish'/);
    assert.match(
      convert('[Kube]\nYaml=x\n[Service]\nType=simple\n').errors.join(),
      /must be notify or oneshot/,
    );
  });
});
