// Containers of other users read hosts, resolv.conf and volumes, whatever the caller's mask; what is private says so with its mode.
process.umask(0o022);

void run(process.argv.slice(2)).then(async (code) =>
  (await import('../engine/end-process.ts')).endProcess(code),
);

async function run(argv: readonly string[]): Promise<number> {
  // A relative one would make a store in whatever directory this is.
  if (!process.env['HOME']?.startsWith('/')) (await import('../engine/home-directory.ts')).setHome();
  // Completion and build have words of their own, which are no commands.
  if (argv[0] === '__warm') return await (await import('./warm.ts')).warm(argv.slice(1));
  return await (await import('./dispatch.ts')).dispatch(argv);
}
