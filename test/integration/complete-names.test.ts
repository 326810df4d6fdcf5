import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { filterWords, formatFields } from '../../src/cli/complete-values.ts';
import { rootArguments, runProgram, testEnvironment, testRoot, TSPOD, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { withTerminal } from '../fixtures/harness-terminal.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** The candidates that a shell would be told, without what stands beside them. */
async function candidates(...words: string[]): Promise<string[]> {
  const line = ['__complete', ...rootArguments(testRoot()), ...words];
  const { stdout } = await runProgram(TSPOD, line, { env: testEnvironment() });
  const lines = stdout.split('\n');
  return lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t')[0] ?? '');
}

before(async () => {
  await busyboxImage();
  await tspodOk(['volume', 'create', 'shelf']);
  await tspodOk(['network', 'create', 'street']);
  await tspodOk(['secret', 'create', 'token', '-'], { input: 'x' });
  await tspodOk(['pod', 'create', '--infra=false', 'pea']);
  await tspodOk(['create', '--name', 'house', '--network', 'none', BUSYBOX, 'true']);
});

describe('completion names what there is', () => {
  const cases: [string[], string][] = [
    [['volume', 'rm', ''], 'shelf'],
    [['run', '-v', ''], 'shelf'],
    [['network', 'inspect', ''], 'street'],
    [['run', '--network', ''], 'street'],
    [['network', 'connect', 'street', ''], 'house'],
    [['secret', 'inspect', ''], 'token'],
    [['run', '--secret', ''], 'token'],
    [['rmi', 'localhost/busy'], BUSYBOX],
    [['start', ''], 'house'],
    [['cp', 'ho'], 'house:'],
    [['run', '--pid', 'container:'], 'container:house'],
    [['run', '--network=container:h'], '--network=container:house'],
    [['ps', '--filter', 'volume='], 'volume=shelf'],
    [['ps', '--filter=status=ex'], '--filter=status=exited'],
    [['kill', '-s', 'TE'], 'TERM'],
    [['run', '--sdnotify', ''], 'healthy'],
  ];
  for (const [words, expected] of cases) {
    test(`after ${words.slice(0, -1).join(' ')}`, async () => {
      assert.ok((await candidates(...words)).includes(expected));
    });
  }
});

describe('completion offers only what the command takes', () => {
  const names = {
    containers: 'house',
    images: BUSYBOX,
    networks: 'street',
    pods: 'pea',
    secrets: 'token',
    volumes: 'shelf',
  };
  const free: Record<string, string> = {
    'ctr-number': '1',
    exited: '1',
    expose: '80',
    publish: '80',
    until: '1h',
  };
  for (const path of ['ps', 'images', 'network ls', 'volume ls', 'pod ps', 'secret ls', 'events'])
    test(`as filters and fields of ${path}`, async () => {
      const options =
        path === 'events' ? ['--stream=false', '--since', '1h'] : path === 'ps' ? ['--all'] : [];
      const command = [...path.split(' '), ...options];
      const filters = Object.entries(filterWords([path]) ?? {}).flatMap(([word, source]) => {
        const key = word.slice(0, -1);
        const values =
          typeof source === 'string' ? [names[source as keyof typeof names] ?? free[key] ?? 'x'] : source;
        return values.flatMap((value) => ['--filter', `${key}=${value}`]);
      });
      assert.ok(filters.length > 2);
      await tspodOk([...command, ...filters]);
      const fields = formatFields([path]);
      assert.ok(fields.length > 3);
      const [row = ''] = (await tspodOk([...command, '--format', fields.join('\t')])).split('\n');
      assert.equal(row.split('\t').length, fields.length);
    });
});

describe('completion on a terminal', { skip: requires('python3') }, () => {
  const scripts = join(import.meta.dirname, '../../completions');
  const shells = {
    bash: { words: ['--norc', '--noprofile', '-i'], load: `source ${scripts}/tspod.bash`, skip: false },
    zsh: {
      words: ['-f', '-i'],
      load: `autoload -U compinit; compinit -D -u; source ${scripts}/tspod.zsh`,
      skip: requires('zsh'),
    },
    fish: { words: ['--no-config', '-i'], load: `source ${scripts}/tspod.fish`, skip: requires('fish') },
  } as const;
  for (const [shell, { words, load, skip }] of Object.entries(shells))
    test(`of ${shell} has commands, names, values behind = and paths`, { skip }, async (t) => {
      const { base } = testRoot();
      const session = withTerminal(words, {
        program: shell,
        cwd: base,
        columns: 500,
        env: { PATH: `${dirname(TSPOD)}:${process.env['PATH'] ?? ''}`, HOME: base, PS1: '$ ', TERM: 'xterm' },
      });
      t.after(() => session.kill('SIGKILL'));
      session.write(`${load}; echo lo''aded\r`);
      await waitFor('the shell', () => /[\r\n]loaded/.test(session.screen()));
      const roots = rootArguments(testRoot()).join(' ');
      for (const [typed, expected] of [
        ['tspod vol', 'tspod volume'],
        [`tspod ${roots} start ho`, 'start house'],
        [`tspod ${roots} rmi localhost/busybox:la`, BUSYBOX],
        ['tspod run --restart=on', 'run --restart=on-failure'],
        ['tspod run -v /et', 'run -v /etc/'],
      ] as const) {
        session.write(`${typed}\t`);
        await waitFor(expected, () => plain(session.screen()).includes(expected));
        session.write('\u0015');
      }
      session.write('exit\r');
      await session.exit;
    });
});

/** Without what moves the cursor and colours. */
function plain(screen: string): string {
  return screen.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b[=>]|\u001b\][^\u0007]*\u0007/g, '');
}
