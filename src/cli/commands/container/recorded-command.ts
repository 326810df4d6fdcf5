/**
 * The command line as inspect's CreateCommand repeats it: without `--creds`, because everyone who may inspect the container, or gets
 * a copy of what inspect says, would read the password. `args` are the image and the command in it: nothing is taken from them.
 */
export function recordedCommand(argv: readonly string[], args: readonly string[]): string[] {
  const flagsEnd = argv.length - args.length;
  return argv.filter((word, at) => {
    if (at >= flagsEnd) return true;
    return word !== '--creds' && argv[at - 1] !== '--creds' && !word.startsWith('--creds=');
  });
}
