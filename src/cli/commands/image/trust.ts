import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../../../base/errors.ts';
import {
  existingPolicy,
  setTrust,
  TRUST_TYPES,
  type TrustPlaces,
  type TrustRow,
  trustRows,
} from '../../../engine/image-trust.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { print, printLine } from '../../output/print.ts';
import { formatRows } from '../../output/format-rows.ts';
import { goStruct, toJson } from '../../output/template/go-value.ts';

export const run: CommandHandler = ({ path, args, flags, asDocker }) => {
  const places: TrustPlaces = {
    policyPath: flags['policypath'] as string | undefined,
    registriesPath: flags['registrypath'] as string | undefined,
  };
  if (path === 'image trust set') set(places, args[0] ?? '', flags);
  else show(places, flags, asDocker);
  return Promise.resolve(0);
};

function set(places: TrustPlaces, scope: string, flags: FlagValues): void {
  const wanted = flags['type'] as string;
  const type = TRUST_TYPES.find((one) => one === wanted);
  if (type === undefined)
    throw new UsageError(
      `invalid choice: ${wanted} (choose from ${TRUST_TYPES.map((one) => `'${one}'`).join(', ')})`,
    );
  const keys = ((flags['pubkeysfile'] as string[] | undefined) ?? []).map((key) => resolve(key));
  setTrust(places, { scope, type, keys });
}

function show(places: TrustPlaces, flags: FlagValues, asDocker: boolean): void {
  if (flags['raw'] === true) {
    print(readFileSync(existingPolicy(places), 'utf8'));
    return;
  }
  const rows = trustRows(places);
  if (flags['json'] === true) {
    printLine(toJson(rows.map(documentOf), '  '));
    return;
  }
  const shown = rows.map(({ transport, scope, type, owners, store }) =>
    goStruct('trust.Policy', {
      Transport: transport,
      RepoName: scope,
      Type: type,
      GPGId: owners ?? '',
      SignatureStore: store ?? '',
    }),
  );
  print(
    formatRows(shown, {
      command: 'image trust show',
      format: undefined,
      columns: '{{.Transport}}\t{{.RepoName}}\t{{.Type}}\t{{.GPGId}}\t{{.SignatureStore}}',
      headings: { RepoName: 'NAME', GPGId: 'ID', SignatureStore: 'STORE' },
      noHeading: flags['noheading'] === true,
      asDocker,
    }),
  );
}

function documentOf({ transport, scope, type, owners, store }: TrustRow): Record<string, string> {
  return {
    transport,
    ...(scope === '' ? {} : { name: transport === 'all' ? '* (default)' : scope, repo_name: scope }),
    ...(store === undefined ? {} : { sigstore: store }),
    type,
    ...(owners === undefined || owners === '' ? {} : { gpg_id: owners }),
  };
}
