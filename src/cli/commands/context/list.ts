import { UsageError } from '../../../base/errors.ts';
import {
  contextPlaces,
  currentContext,
  DEFAULT_CONTEXT,
  type DockerContext,
  getContext,
  listContexts,
} from '../../../engine/docker-contexts.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { formatObject, formatRows } from '../../output/format-rows.ts';
import { print, printLine } from '../../output/print.ts';
import { type GoObject, goMap, goStruct, toJson } from '../../output/template/go-value.ts';

/** ls, show and inspect. */
export const run: CommandHandler = ({ path, args, flags, asDocker }) => {
  const format = flags['format'] as string | undefined;
  if (path === 'context show') printLine(currentContext());
  else if (path === 'context inspect') {
    const documents = (args.length === 0 ? [currentContext()] : args).map((name) =>
      documentOf(getContext(name)),
    );
    print(
      format === undefined
        ? `${toJson(documents, '    ')}\n`
        : documents.map((document) => formatObject(document, format, 'inspect')).join(''),
    );
  } else list(flags, format, asDocker);
  return Promise.resolve(0);
};

function list(flags: FlagValues, format: string | undefined, asDocker: boolean): void {
  const contexts = listContexts();
  if (flags['quiet'] === true) {
    if (format !== undefined) throw new UsageError('quiet and format flags cannot be used together');
    print(contexts.map(({ name }) => `${name}\n`).join(''));
    return;
  }
  const current = currentContext();
  const rows = contexts.map(({ name, description, host }) =>
    goStruct('formatter.clientContext', {
      Current: name === current,
      Description: description,
      DockerEndpoint: host,
      Error: '',
      Name: name,
    }),
  );
  const columns = '{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}';
  const headings = { DockerEndpoint: 'DOCKER ENDPOINT', Current: '' };
  print(formatRows(rows, { command: 'ls', format, columns, headings, asDocker }));
}

function documentOf({ name, description, host, skipTlsVerify, tls }: DockerContext): GoObject {
  const isDefault = name === DEFAULT_CONTEXT;
  const places = isDefault ? { metadata: '<IN MEMORY>', tls: '<IN MEMORY>' } : contextPlaces(name);
  const keys = Object.keys(tls);
  return goStruct('context.Inspect', {
    Name: name,
    Metadata: goMap(isDefault || description === '' ? {} : { Description: description }),
    Endpoints: goMap({ docker: goStruct('context.Endpoint', { Host: host, SkipTLSVerify: skipTlsVerify }) }),
    TLSMaterial: goMap(keys.length === 0 ? {} : { docker: keys }),
    Storage: goStruct('context.Storage', { MetadataPath: places.metadata, TLSPath: places.tls }),
  });
}
