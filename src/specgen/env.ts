import { InvalidSpecError } from '../base/errors.ts';
import type { CreateOptions } from './create-options.ts';
import { readSettingsFile } from './env-file.ts';
import { splitOnce } from './key-value.ts';
import type { SpecContext } from './spec-context.ts';

const PROXY_NAMES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'];

/**
 * The environment in order of growing priority: containers.conf, `container=` and TERM, the host's proxies, the image,
 * --env-merge, the host's (--env-host), --env-file, --env. A later value takes the place of an earlier one. HOME and HOSTNAME
 * depend on the root file system and are added at init.
 */
export function envFromOptions(options: CreateOptions, context: SpecContext): string[] {
  const env = new Map<string, string>();
  const put = (text: string) => {
    const [key, value] = splitOnce(text, '=');
    env.set(key, value ?? '');
  };
  env.set('PATH', DEFAULT_PATH);
  for (const text of context.config.containers.env)
    putSetting({ env, text, where: 'env in containers.conf', context });
  // The name is the peer's on purpose: systemd, dracut, toolbox and installers recognise `podman` (or docker's
  // /.dockerenv) and behave; an unknown name they treat as bare metal.
  env.set('container', 'podman');
  if (options.tty) env.set('TERM', 'xterm');
  if (options.httpProxy ?? context.config.containers.httpProxy) addProxies(env, context);
  for (const text of context.image?.config.config.env ?? []) {
    if (text === '' || text.startsWith('=') || text.includes('\0'))
      throw new InvalidSpecError(`the image has an invalid environment variable: ${JSON.stringify(text)}`);
    put(text);
  }
  removeUnwanted(env, options);
  mergeValues(env, options.envMerge ?? []);
  if (options.envHost ?? context.config.containers.envHost) {
    for (const [key, value] of Object.entries(context.hostEnv))
      if (value !== undefined && !HOST_ONLY.has(key)) env.set(key, value);
  }
  for (const file of options.envFile ?? [])
    for (const { text, where } of readSettingsFile(file, 'environment', context.cwd))
      putSetting({ env, text, where: `environment file ${where}`, context });
  for (const text of options.env ?? []) putSetting({ env, text, where: undefined, context });
  return [...env].map(([key, value]) => `${key}=${value}`);
}

/** Where neither containers.conf nor the image has one. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Would mislead programs inside about where they are. */
const HOST_ONLY = new Set(['container', 'HOSTNAME', 'HOME', 'PATH']);

function addProxies(env: Map<string, string>, context: SpecContext): void {
  for (const name of PROXY_NAMES)
    for (const key of [name, name.toUpperCase()]) {
      const value = context.hostEnv[key];
      if (value !== undefined && value !== '') env.set(key, value);
    }
}

/** `PATH=${PATH}:/opt/bin`: names stand for what image and defaults say; each sees the ones before it. */
function mergeValues(env: Map<string, string>, texts: readonly string[]): void {
  for (const text of texts) {
    const [key, value] = splitOnce(text, '=');
    if (key === '' || value === undefined || text.includes('\0'))
      throw new InvalidSpecError(`invalid --env-merge ${JSON.stringify(text)}: must be NAME=VALUE`);
    env.set(
      key,
      value.replace(
        /\$(?:\{(\w+)\}|(\w+))/g,
        (_, braced?: string, bare?: string) => env.get(braced ?? bare ?? '') ?? '',
      ),
    );
  }
}

/** What the image and the defaults set, not what the user sets. */
function removeUnwanted(env: Map<string, string>, options: CreateOptions): void {
  if (options.unsetenvAll) env.clear();
  for (const name of options.unsetenv ?? []) env.delete(name);
}

/** `KEY=value`, `KEY` (the host's value, if it has one), `PREFIX*` (all of the host's that start so). */
export function putSetting(setting: {
  env: Map<string, string>;
  text: string;
  where: string | undefined;
  context: Pick<SpecContext, 'hostEnv'>;
}): void {
  const { env, text, where, context } = setting;
  const [key, value] = splitOnce(text, '=');
  if (key === '' || key.includes('\0') || value?.includes('\0'))
    throw new InvalidSpecError(
      `invalid environment variable: ${JSON.stringify(text)}${where ? ` (${where})` : ''}`,
    );
  if (where !== undefined && /\s/.test(key))
    throw new InvalidSpecError(`${where}: the variable name "${key}" contains white space`);
  if (value !== undefined) {
    env.set(key, value);
    return;
  }
  if (!key.endsWith('*')) {
    const inherited = context.hostEnv[key];
    if (inherited !== undefined) env.set(key, inherited);
    return;
  }
  const prefix = key.slice(0, -1);
  for (const [name, inherited] of Object.entries(context.hostEnv))
    if (name.startsWith(prefix) && inherited !== undefined) env.set(name, inherited);
}
