import type { GlobalScope } from './plan.ts';

/** The variables of one stage while its instructions are worked through. ENV wins over ARG of the same name. */
export interface StageScope {
  lookup(name: string): string | undefined;
  /** ARG: the build args, then for a bare name the global and platform args, then the default decide. */
  declareArg(name: string, defaultValue: string | undefined): void;
  setEnv(name: string, value: string): void;
  unsetEnv(name: string): void;
  /** `NAME=value` in the order of first setting, for the image's configuration. */
  env(): string[];
  /** Declared args with a value that no ENV hides, sorted: RUN sees them and the cache depends on them. */
  args(): [name: string, value: string][];
}

/** What RUN sees of the caller's without declaring it; they are kept out of cache and history. */
const PROXY_ARGS: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
);

export function isProxyArg(name: string): boolean {
  return PROXY_ARGS.has(name);
}

export function openStageScope(globals: GlobalScope, baseEnv: readonly string[]): StageScope {
  const env = new Map<string, string>();
  for (const entry of baseEnv) {
    const at = entry.indexOf('=');
    if (at > 0) env.set(entry.slice(0, at), entry.slice(at + 1));
  }
  const args = new Map<string, string | undefined>();
  return {
    lookup: (name) => env.get(name) ?? args.get(name),
    declareArg: (name, defaultValue) => {
      const given = globals.buildArgs.get(name);
      const inherited = globals.globalArgs.get(name) ?? globals.platformArgs.get(name);
      args.set(name, given ?? defaultValue ?? inherited ?? args.get(name));
    },
    setEnv: (name, value) => void env.set(name, value),
    unsetEnv: (name) => void env.delete(name),
    env: () => [...env].map(([name, value]) => `${name}=${value}`),
    args: () =>
      [...args]
        .filter((entry): entry is [string, string] => entry[1] !== undefined && !env.has(entry[0]))
        .filter(([name]) => !isProxyArg(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}
