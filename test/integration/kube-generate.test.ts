import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { parseYaml, parseYamlDocuments } from '../../src/base/yaml.ts';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { createMember, createPod, removePod } from '../fixtures/pods.ts';
import { programPath, requires } from '../fixtures/requires.ts';

type Document = Record<string, unknown>;
const TEXT = 'trap "exit 0" TERM; echo "$COLOR" \'$(COLOR)\'; while :; do sleep 3600 & wait; done';

describe('kube generate', () => {
  before(() => busyboxImage());

  test('writes of a pod what plays as the same pod', async () => {
    const pod = await createPod(['--label', 'tier=x', '--hostname', 'box', '--add-host', 'db:10.0.0.9']);
    const volume = freshName('vol');
    const folder = join(testRoot().base, freshName('dir'));
    mkdirSync(folder);
    await tspodOk([
      ...['create', '--pod', pod, '--name', `${pod}-main`, '--env', 'COLOR=deep $(blue)', '--env', 'N=yes'],
      ...[
        '--user',
        '1000:1001',
        '--cap-drop',
        'CHOWN',
        '--workdir',
        '/tmp',
        '--memory',
        '64m',
        '--cpus',
        '0.5',
      ],
      ...[
        '--volume',
        `${volume}:/v:ro`,
        '--volume',
        `${folder}:/h`,
        '--tmpfs',
        '/t:size=1048576',
        '--read-only',
      ],
      ...[
        '--health-cmd',
        'test -d /v',
        '--health-interval',
        '7s',
        '--stop-timeout',
        '3',
        '--restart',
        'on-failure',
      ],
      ...[await busyboxImage(), 'sh', '-c', TEXT],
    ]);
    const text = await tspodOk(['kube', 'generate', pod]);
    assert.doesNotMatch(text, /sysctls/);
    await removePod(pod);
    await tspodOk(['kube', 'play', '--network', 'none', '-'], { input: text });
    const main = `${pod}-main`;
    const get = (format: string) => tspodOk(['inspect', '-f', format, main]);
    assert.equal(await tspodOk(['logs', main]), 'deep $(blue) $(COLOR)');
    assert.equal(
      await get('{{.Config.User}} {{.Config.WorkingDir}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}'),
      '1000:1001 /tmp 67108864 500000000',
    );
    assert.equal(
      await get(
        '{{.HostConfig.RestartPolicy.Name}} {{.Config.StopTimeout}} {{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}}',
      ),
      'on-failure 3 true []',
    );
    assert.equal(
      await get('{{.Config.Healthcheck.Test}} {{json .Config.Healthcheck.Interval}}'),
      '[CMD sh -c test -d /v] 7000000000',
    );
    const inside = (script: string) => tspodOk(['exec', main, 'sh', '-c', script]);
    assert.equal(
      await inside('hostname; grep -c 10.0.0.9 /etc/hosts; touch /v/x || touch /h/x || echo "$N"'),
      'box\n1\nyes',
    );
    // What was played is written the same.
    assert.equal(withoutTime(await tspodOk(['generate', 'kube', pod])), withoutTime(text));
    await tspodOk(['kube', 'down', '-'], { input: text });
    await tspodOk(['volume', 'rm', volume]);
  });

  test('writes containers, volumes, services and workloads', async () => {
    const name = await startSleeper();
    const volume = freshName('vol');
    await tspodOk(['volume', 'create', '--label', 'a=b', volume]);
    const documents = parseYamlDocuments(await tspodOk(['kube', 'generate', name, volume])) as Document[];
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      ['PersistentVolumeClaim', 'Pod'],
    );
    assert.deepEqual((documents[1]?.['metadata'] as Document | undefined)?.['name'], `${name}-pod`);
    const pod = await createPod(['--network', 'bridge', '--publish', '127.0.0.1:18233:80/udp']);
    await createMember(pod);
    const file = join(testRoot().base, freshName('file'));
    await tspodOk([
      'kube',
      'generate',
      '--service',
      '--type',
      'deployment',
      '--replicas',
      '3',
      '-f',
      file,
      pod,
    ]);
    const [deployment, service] = parseYamlDocuments(readFileSync(file, 'utf8')) as Document[];
    assert.equal((deployment?.['spec'] as Document | undefined)?.['replicas'], 3);
    const [port] = (service?.['spec'] as { ports?: Document[] } | undefined)?.ports ?? [];
    assert.deepEqual(
      { ...port, nodePort: 0 },
      { name: '80', nodePort: 0, port: 18233, protocol: 'UDP', targetPort: 80 },
    );
    assert.ok(Number(port?.['nodePort']) >= 30_000);
    assert.match((await tspod(['kube', 'generate', '-f', file, pod])).stderr, /file exists/);
    assert.match((await tspod(['kube', 'generate', '-r', '2', pod])).stderr, /--replicas can only be set/);
    const member = await tspodOk(['ps', '-aq', '--filter', `pod=${pod}`]);
    assert.match(
      (await tspod(['kube', 'generate', member.split('\n')[0] ?? ''])).stderr,
      /is associated with pod|no words/,
    );
    assert.equal((await tspod(['kube', 'generate', 'nowhere'])).code, 125);
    await removePod(pod);
    await tspodOk(['rm', '-f', '-t', '0', name]);
    await tspodOk(['volume', 'rm', volume]);
  });
});

describe('kube generate beside podman', { skip: requires('root', 'podman') }, () => {
  const at = (word: string): string => join(testRoot().base, word);
  const podman = async (args: readonly string[], input?: string): Promise<string> => {
    const place = ['--root', at('podman'), '--runroot', at('podman-run'), '--storage-driver', 'vfs'];
    const result = await runProgram(programPath('podman'), [...place, ...args], {
      ...(input === undefined ? {} : { input }),
    });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };

  test('what one writes, the other plays', async () => {
    const name = freshName('both');
    await podman(['import', '--change', 'CMD ["sh"]', busyboxArchive(), 'localhost/busybox:latest']);
    try {
      await podman(['pod', 'create', '--name', name, '--network', 'none']);
      await podman([
        'create',
        '--pod',
        name,
        '--name',
        `${name}-c`,
        '-e',
        'A=b',
        '-v',
        `${name}:/d`,
        '-w',
        '/tmp',
        'localhost/busybox',
        'sleep',
        '9',
      ]);
      const theirs = await podman(['generate', 'kube', name]);
      await podman(['pod', 'rm', '-f', name]);
      await tspodOk(['kube', 'play', '--start=false', '--network', 'none', '-'], { input: theirs });
      const container = await tspodOk([
        'ps',
        '-a',
        '--filter',
        `pod=${name}`,
        '--filter',
        'name=c$',
        '--format',
        '{{.Names}}',
      ]);
      const format = '{{.Config.WorkingDir}} {{(index .Mounts 0).Name}} {{.Path}} {{.Args}}';
      assert.equal(await tspodOk(['inspect', '-f', format, container]), `/tmp ${name} sleep [9]`);
      const ours = await tspodOk(['kube', 'generate', name]);
      await tspodOk(['kube', 'down', '--force', '-'], { input: theirs });
      await podman(['play', 'kube', '--start=false', '--network', 'none', '-'], ours);
      const { spec } = parseYaml(ours) as { spec: { containers: Document[] } };
      const there = `${name}-${String(spec.containers[0]?.['name'])}`;
      assert.equal((await podman(['inspect', '-f', format, there])).trim(), `/tmp ${name} sleep [9]`);
    } finally {
      await podman(['pod', 'rm', '-fa']);
      await podman(['volume', 'prune', '-f']);
      await podman(['rmi', '-fa']);
    }
    await tspod(['volume', 'rm', name]);
  });
});

function withoutTime(text: string): string {
  return text.replace(/creationTimestamp: .*/g, '');
}
