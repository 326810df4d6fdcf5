/** Why what a peer's flag wants cannot be had here. Only the error path loads this file. */
export function refusalReason(flag: string): string | undefined {
  return REASONS.find(([names]) => names.split(' ').includes(flag))?.[1];
}

/** Why there is no such command; undefined where nothing but time is missing. */
export function refusedCommandReason(path: string): string | undefined {
  return COMMANDS.find(([pattern]) => pattern.test(path))?.[1];
}

const COMMANDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(swarm|service|stack|node|config|volume update)\b/, 'there are no clusters: tspod manages one host'],
  [/^plugin\b/, 'volumes and networks have the drivers that tspod brings along'],
  [/^(machine|farm)\b/, 'tspod runs containers on this machine itself'],
];

const REASONS: ReadonlyArray<readonly [string, string]> = [
  [
    'decryption-key encryption-key encrypt-layer',
    'layers are stored as they are, and encrypted ones cannot be read: `skopeo copy` encrypts and decrypts images',
  ],
  [
    'sign-by sign-by-sigstore sign-by-sigstore-private-key sign-by-sq-fingerprint sign-passphrase-file',
    'images are checked for such signatures, but not signed: `cosign sign` or `skopeo copy` does that in the registry',
  ],
  [
    'sbom-image-output sbom-image-purl-output sbom-merge-strategy sbom-output sbom-purl-output sbom-scanner-command sbom-scanner-image',
    'no bills of materials are made: run a scanner such as syft on the image',
  ],
  ['cw', 'confidential workloads need an attestation server and a runtime of their own'],
  ['all-platforms', 'name the platforms: --platform linux/amd64,linux/arm64'],
  ['compat-volumes', 'what RUN changes below a VOLUME stays in the image, as with docker and podman 5'],
  ['os-feature os-version', 'only Windows has them'],
  [
    'userns-gid-map userns-gid-map-group userns-uid-map userns-uid-map-user',
    'RUN has the ids of the user who builds: see `tspod unshare`',
  ],
  ['logsplit', 'a build writes one log'],
  ['cpu-count cpu-percent io-maxbandwidth io-maxiops', 'only Windows has it'],
  [
    'identity ssh tls tlscacert tlscert tlskey tlsverify tls-ca tls-cert tls-key tls-client-ca',
    'there are no connections to other machines: tspod works on the storage of this machine itself',
  ],
  ['cors', 'the service listens to local programs, not to browsers'],
  ['imagestore', 'name further stores as additionalimagestores in storage.conf'],
  ['network-cmd-path', 'there is no slirp4netns: networks of users go through pasta'],
  ['syslog', 'redirect stderr to logger(1)'],
];
