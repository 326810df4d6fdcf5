import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exists, freshName, inContainer, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod } from '../fixtures/harness.ts';

const TWO_LINES = 'a\nb';
const NET = ['--network', 'none'];

const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [[...NET, '-e', '=x'], /invalid environment variable: "=x"/],
  [[...NET, '--hostname', TWO_LINES], /invalid hostname "a\\nb"/],
  [[...NET, '--add-host', `${TWO_LINES}:192.0.2.9`], /invalid --add-host "a\\nb"/],
  [[...NET, '--add-host', 'a b:192.0.2.9'], /invalid --add-host "a b"/],
  [[...NET, '--add-host', `a:${TWO_LINES}`], /"a\\nb" is not an IP address/],
  [[...NET, '--dns-search', TWO_LINES], /invalid --dns-search "a\\nb"/],
  [[...NET, '--dns-option', 'ndots:1\nnameserver 192.0.2.9'], /invalid --dns-option/],
  [[...NET, '--ipc', 'ns:/no/such'], /cannot find the ipc namespace \/no\/such/],
  [[...NET, '--env-file', '/no/such'], /"\/no\/such": open \/no\/such: no such file or directory/],
  [[...NET, '--cidfile', '/no/such/file'], /container id file \/no\/such\/file: .*no such file or directory/],
  [[...NET, '--security-opt', 'seccomp=/no/such'], /seccomp profile \/no\/such: .*no such file or directory/],
];

describe('nonsense', () => {
  for (const [flags, message] of REFUSED) {
    it(`is refused before there is a container: ${JSON.stringify(flags.slice(2))}`, async () => {
      const name = freshName();
      const result = await tspod(['run', '--rm', '--name', name, ...flags, await busyboxImage(), 'true']);
      assert.equal(result.code, 125, result.stderr);
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /\bE[A-Z]{4,}\b/);
      assert.equal(await exists(name), false);
    });
  }

  it('as a new name is refused: the one that the container has', async () => {
    const name = await startSleeper();
    const renamed = await tspod(['rename', name, name]);
    assert.equal(renamed.code, 125);
    assert.match(renamed.stderr, /same name as its current name/);
    assert.equal(await exists(name), true);
  });
});

describe('several hosts and search domains', () => {
  it('that are words still end up in their files', async () => {
    const flags = [
      '--add-host',
      'one;two.example:192.0.2.9',
      '--dns-search',
      'a.example',
      '--dns-option',
      'ndots:3',
    ];
    const text = await inContainer([...flags, '--network', 'host'], 'cat /etc/hosts /etc/resolv.conf');
    assert.match(text, /192\.0\.2\.9\s+one/);
    assert.match(text, /192\.0\.2\.9\s+two\.example/);
    assert.match(text, /^search a\.example$/m);
    assert.match(text, /^options .*ndots:3/m);
  });
});
