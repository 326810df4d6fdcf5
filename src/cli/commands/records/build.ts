import type { CommandRecord } from '../../command.ts';
import { buildFlags, buildRunFlags } from '../../flags/build.ts';

export const buildRecords: readonly CommandRecord[] = [
  {
    paths: ['build', 'image build', 'buildx build', 'builder build'],
    summary: 'Build an image from a Containerfile',
    description:
      'Reads Containerfile, or Dockerfile, in the context: a directory, the address of a git repository or of a tar archive, or - for a tar archive or a Containerfile on stdin. Without a context it is the working directory.\n\nSteps that an earlier build has made of the same things are taken from there.',
    examples: [
      'build --tag app .',
      'build --tag app --file docker/Dockerfile --build-arg VERSION=2 .',
      'build --target test --progress plain .',
      'build --secret id=token,src=token.txt --tag app .',
      'build --tag app https://git.example.com/app.git#main:service',
      'build --output out .',
    ],
    arguments: { usage: '[CONTEXT]', min: 0, max: 1, complete: 'directories' },
    flags: { ...buildFlags, ...buildRunFlags },
    load: () => import('../image/build.ts'),
  },
];
