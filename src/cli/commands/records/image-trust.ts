import type { CommandRecord } from '../../command.ts';
import type { FlagRecord } from '../../flag.ts';
import { listingFlags } from '../../flags/listing.ts';

/** For tests and for policies that are not in force. */
const trustPlaces = {
  policypath: { long: 'policypath', type: 'string', help: 'Another policy.json', hidden: true },
  registrypath: { long: 'registrypath', type: 'string', help: 'Another registries.d', hidden: true },
} as const satisfies Record<string, FlagRecord>;

export const imageTrustRecords: readonly CommandRecord[] = [
  {
    paths: ['image trust show'],
    summary: 'Show which images policy.json lets in',
    examples: ['image trust show', 'image trust show --json', 'image trust show --raw'],
    arguments: { usage: '[REGISTRY]', min: 0, max: 1, complete: 'none' },
    flags: {
      json: { long: 'json', short: 'j', type: 'bool', help: 'Print JSON' },
      noheading: { ...listingFlags.noheading, short: 'n' },
      raw: { long: 'raw', type: 'bool', help: 'Print the file as it is' },
      ...trustPlaces,
    },
    withoutEngine: true,
    load: () => import('../image/trust.ts'),
  },
  {
    paths: ['image trust set'],
    summary: 'Let images of a registry in, or not, or only with a signature',
    description:
      'Changes policy.json, which every pull and load obeys. REGISTRY may go down to a repository; default is for all that no other rule is about. signedBy wants a signature by gpg, sigstoreSigned one by a public key.',
    examples: [
      'image trust set --type reject default',
      'image trust set --type accept docker.io/library',
      'image trust set --type signedBy --pubkeysfile /etc/pki/key.gpg registry.example.com',
    ],
    arguments: { usage: 'REGISTRY', min: 1, max: 1, complete: 'none' },
    flags: {
      pubkeysfile: {
        long: 'pubkeysfile',
        short: 'f',
        type: 'stringSlice',
        placeholder: 'file',
        help: 'Public key of signers; may be repeated',
        complete: 'files',
      },
      type: {
        long: 'type',
        short: 't',
        type: 'string',
        placeholder: 'type',
        default: 'signedBy',
        help: 'What is let in: accept, reject, signedBy or sigstoreSigned',
        complete: ['accept', 'reject', 'signedBy', 'sigstoreSigned'],
      },
      ...trustPlaces,
    },
    withoutEngine: true,
    load: () => import('../image/trust.ts'),
  },
];
