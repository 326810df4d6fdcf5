const IMPORT = ['import', 'image.tar', 'localhost/warm'];
const RUN = ['run', '--network', 'none', '--pull', 'never'];
const PROGRAM = ['localhost/warm', '/program', '--version'];
const RUN_UP = [...RUN, '-d', '--name', 'up', 'localhost/warm', '/pause'];

/** What the profiles work on. These run as users run them, and no bytecode is kept of them. */
export const PREPARATION = [IMPORT, RUN_UP];

/**
 * What people wait for most, in this order on one store: the bytecode that they use lies together in the quick program. Lines before
 * come first in it.
 */
export const QUICK_LINES = [
  IMPORT,
  [...RUN, '--rm', '-e', 'A=b', ...PROGRAM],
  RUN_UP,
  ['exec', 'up', '/program', '--version'],
  ['ps', '-a'],
  ['create', '--network', 'none', '--name', 'made', ...PROGRAM],
  ['start', 'made'],
  ['inspect', 'up', 'made'],
  ['logs', 'made'],
  ['stats', '--no-stream', 'up'],
  ['images'],
  ['cp', 'up:/program', 'copied'],
  ['commit', 'up', 'localhost/committed'],
  ['diff', 'up'],
  ['system', 'df'],
  ['events', '--since', '1h', '--until', '0s'],
  ['stop', '-t', '0', 'up'],
  ['rm', '-f', 'up', 'made'],
  ['system', 'prune', '--force'],
];

/**
 * The command lines whose bytecode is kept for Node, by the word in them that a command line is told by (src/cli/bundle-files.ts):
 * what people do all day that the quick program does not do. They run in this order on one store. `other` stands for all commands
 * that are not here.
 */
export const PROFILES = {
  import: [['import', 'image.tar', 'localhost/warm:2']],
  build: [['build', '--tag', 'localhost/built', '.']],
  save: [['save', '--output', 'saved.tar', 'localhost/warm']],
  load: [['load', '--input', 'saved.tar']],
  // Nobody listens there: what follows is little beside what comes before.
  pull: [['pull', '--retry', '0', '127.0.0.1:1/warm']],
  push: [['push', '--retry', '0', 'localhost/warm', '127.0.0.1:1/warm']],
  login: [['login', '--username', 'warm', '--password', 'warm', '127.0.0.1:1']],
  other: [
    ['manifest', 'create', 'localhost/list', 'localhost/warm'],
    ['generate', 'systemd', 'up'],
    ['system', 'check'],
  ],
};
