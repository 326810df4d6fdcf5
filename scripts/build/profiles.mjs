const RUN = ['run', '--network', 'none', '--pull', 'never'];
const PROGRAM = ['localhost/warm', '/program', '--version'];

/**
 * The command lines whose bytecode is kept, by the word in them that a command line is told by (src/cli/bundle-files.ts): what people
 * and their scripts do all day. They run in this order on one store. `other` stands for all commands that are not here.
 */
export const PROFILES = {
  import: [['import', 'image.tar', 'localhost/warm']],
  run: [
    [...RUN, '--rm', '-e', 'A=b', ...PROGRAM],
    [...RUN, '-d', '--name', 'warm', '-v', 'warm:/data', ...PROGRAM],
    [...RUN, '-d', '--name', 'up', 'localhost/warm', '/pause'],
  ],
  wait: [['wait', 'warm']],
  create: [['create', '--network', 'none', '--name', 'made', ...PROGRAM]],
  start: [
    ['start', 'warm'],
    ['start', 'made'],
  ],
  cleanup: [['container', 'cleanup', 'made']],
  exec: [['exec', 'up', '/program', '--version']],
  stats: [['stats', '--no-stream', 'up']],
  inspect: [
    ['inspect', 'up', 'warm'],
    ['inspect', '--format', '{{.State.Status}}', 'warm'],
  ],
  ps: [
    ['ps', '-a'],
    ['ps', '-aq', '--filter', 'name=warm', '--format', '{{.Names}}'],
  ],
  logs: [['logs', 'warm']],
  top: [['top', 'up']],
  images: [['images']],
  other: [['volume', 'ls'], ['network', 'ls'], ['image', 'exists', 'localhost/warm'], ['version']],
  // Nobody listens there: what follows is little beside what comes before.
  pull: [['pull', '--retry', '0', '127.0.0.1:1/warm']],
  push: [['push', '--retry', '0', 'localhost/warm', '127.0.0.1:1/warm']],
  login: [['login', '--username', 'warm', '--password', 'warm', '127.0.0.1:1']],
  stop: [['stop', '-t', '0', 'up']],
  rm: [['rm', '-f', 'warm', 'up', 'made']],
};
