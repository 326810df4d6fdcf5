import assert from 'node:assert/strict';
import { makeContext } from '../../fixtures/build.ts';
import { IMAGE, type Operation } from '../../fixtures/crash-operation.ts';
import { tspodOk } from '../../fixtures/harness.ts';

let context: string | undefined;

function crashContext(): string {
  context ??= makeContext({
    Containerfile: `FROM ${IMAGE}
COPY file /copied
COPY <<EOF /written
from the Containerfile
EOF
RUN --mount=type=secret,id=none --mount=type=cache,target=/cache,mode=0751 stat -c %a /cache > /ran
`,
    file: 'from the context\n',
  });
  return context;
}

export const BUILD: readonly Operation[] = [
  {
    name: 'build',
    args: () => ['build', '--network', 'none', '--tag', 'localhost/crashed', crashContext()],
    points: [
      ...['commit-after-row', 'commit-before-complete', 'commit-before-complete:2', 'build-before-keep'],
      ...['build-before-run', 'build-after-run', 'build-before-image', 'build-after-image'],
      'build-cache-mount-filled',
      ...['create-after-row', 'rootfs-after-mount', 'start-after-mark', 'start-after-start'],
      ...['settle-after-exit', 'remove-after-mark:2', 'remove-after-rootfs'],
    ],
    afterwards: async () => {
      const repeated = ['build', '--network', 'none', '--tag', 'localhost/crashed', crashContext()];
      await tspodOk(repeated);
      const script = ['run', '--rm', '--network', 'none', 'localhost/crashed', 'cat', '/copied', '/ran'];
      assert.equal(await tspodOk(script), 'from the context\n751');
      await tspodOk(['rmi', 'localhost/crashed']);
    },
    forget: () => tspodOk(['builder', 'prune', '--all', '--force']),
  },
];
