import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseContextSource } from '../../../src/build/context-source.ts';
import { fetchGit } from '../../../src/build/git-context.ts';
import { fakeSyscalls } from '../../../src/native/fake.ts';

let top: string;
let server: Server;
let address: string;
const USER = 'me';
const PASSWORD = 'p@ss word';

before(async () => {
  top = mkdtempSync(join(tmpdir(), 'tspod-git-'));
  const work = join(top, 'work');
  mkdirSync(work);
  const git = (...args: string[]): void => {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    execFileSync('git', [...who, ...args], { cwd: work, stdio: 'ignore' });
  };
  git('init', '-b', 'main', '.');
  writeFileSync(join(work, 'Containerfile'), 'FROM scratch\n');
  git('add', '.');
  git('commit', '-m', 'first');
  git('clone', '--bare', '.', join(top, 'served.git'));
  server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}/served.git`;
});

after(() => {
  server.close();
  rmSync(top, { recursive: true });
});

/** What a web server does for git's own program. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const wanted = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  if (request.headers.authorization !== wanted) {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
    return;
  }
  const url = new URL(request.url ?? '/', 'http://host');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: top,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const type = /^Content-Type: (.*)$/im.exec(output.toString('latin1', 0, end))?.[1]?.trim();
    response.writeHead(200, { 'Content-Type': type ?? 'text/plain' }).end(output.subarray(end + 4));
  });
}

async function fetched(repository: string): Promise<string> {
  const source = parseContextSource(repository);
  assert.ok(source.kind === 'git');
  const directory = mkdtempSync(join(top, 'context-'));
  const place = { system: fakeSyscalls(), temporary: top, signal: undefined };
  return await fetchGit(source, { place, directory, keepGitDirectory: true });
}

describe('a context in a git repository', () => {
  test('is fetched with the credentials of its address, which nothing of it keeps', async () => {
    const secret = encodeURIComponent(PASSWORD);
    const directory = await fetched(`http://${USER}:${secret}@${address}`);
    assert.ok(existsSync(join(directory, 'Containerfile')));
    for (const file of ['config', 'FETCH_HEAD']) {
      const text = readFileSync(join(directory, '.git', file), 'utf8');
      assert.ok(!text.includes(secret) && !text.includes(PASSWORD), text);
      assert.ok(!text.includes(Buffer.from(`${USER}:${PASSWORD}`).toString('base64')), text);
    }
  });

  test('fails without them, and says nothing of wrong ones', async () => {
    await assert.rejects(fetched(`http://${address}`), /cannot fetch http:/);
    await assert.rejects(fetched(`http://${USER}:wrong-one@${address}`), (error: Error) => {
      assert.doesNotMatch(error.message, /wrong-one/);
      return true;
    });
  });

  test('comes by no other transport than those of the web, git and ssh', async () => {
    const place = { system: fakeSyscalls(), temporary: top, signal: undefined };
    for (const repository of [join(top, 'served.git'), `ext::sh -c "touch ${join(top, 'pwned')}"`]) {
      const directory = mkdtempSync(join(top, 'context-'));
      const source = { kind: 'git', repository, ref: undefined, subdirectory: undefined } as const;
      await assert.rejects(fetchGit(source, { place, directory, keepGitDirectory: false }), /not allowed/);
    }
    assert.ok(!existsSync(join(top, 'pwned')));
  });
});
