import { readFileSync } from 'node:fs';
import { UsageError } from '../../../base/errors.ts';
import {
  currentContext,
  type DockerContext,
  getContext,
  removeContext,
  storeContext,
  useContext,
} from '../../../engine/docker-contexts.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import type { FlagValues } from '../../flag.ts';
import { printError, printLine } from '../../output/print.ts';

/** create, update, use and rm; names go to stdout and words to stderr, as docker has it. */
export const run: CommandHandler = async ({ path, args, flags }) => {
  const [name = ''] = args;
  switch (path) {
    case 'context create':
      storeContext(created(name, flags), { replace: false });
      tell(name, `Successfully created context ${JSON.stringify(name)}`);
      break;
    case 'context update':
      storeContext(changed(getContext(name), flags), { replace: true });
      tell(name, `Successfully updated context ${JSON.stringify(name)}`);
      break;
    case 'context use':
      useContext(name);
      tell(name, `Current context is now ${JSON.stringify(name)}`);
      if (currentContext() !== name)
        printError(
          `Warning: DOCKER_CONTEXT environment variable overrides the active context: it is ${currentContext()}`,
        );
      break;
    default:
      await forEachObject(args, (each) => {
        removeContext(each, { force: flags['force'] === true });
        printLine(each);
      });
  }
  return 0;
};

function tell(name: string, words: string): void {
  printLine(name);
  printError(words);
}

function created(name: string, flags: FlagValues): DockerContext {
  const from = flags['from'] as string | undefined;
  if (from !== undefined && flags['docker'] !== undefined)
    throw new UsageError('cannot use --docker flag when --from is set');
  const base = getContext(from ?? 'default');
  const description = from === undefined ? '' : base.description;
  return changed({ ...base, name, description }, flags);
}

function changed(context: DockerContext, flags: FlagValues): DockerContext {
  const description = (flags['description'] as string | undefined) ?? context.description;
  const endpoint = flags['docker'] as string[] | undefined;
  return { ...context, description, ...(endpoint === undefined ? {} : endpointIn(endpoint)) };
}

const FILES: Readonly<Record<string, string>> = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' };

/** `host=ADDRESS,ca=FILE,…`, or `from=CONTEXT`. */
function endpointIn(words: readonly string[]): Pick<DockerContext, 'host' | 'skipTlsVerify' | 'tls'> {
  const tls: Record<string, string> = {};
  let host = '';
  let skipTlsVerify = false;
  for (const word of words) {
    const [key = '', value = ''] = word.split(/=(.*)/s);
    const file = FILES[key];
    if (key === 'from') return getContext(value);
    if (key === 'host') host = value;
    else if (key === 'skip-tls-verify') skipTlsVerify = /^(1|t|true)$/i.test(value);
    else if (file !== undefined) tls[file] = readFileSync(value, 'utf8');
    else
      throw new UsageError(
        `unrecognized config key: ${key}: choose host, ca, cert, key, skip-tls-verify or from`,
      );
  }
  if (!/^(unix|tcp|ssh|fd|npipe|https?):\/\//.test(host))
    throw new UsageError(
      `unable to parse docker host ${JSON.stringify(host)}: give it as --docker host=unix:///…`,
    );
  return { host, skipTlsVerify, tls };
}
