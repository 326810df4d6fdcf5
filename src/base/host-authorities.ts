import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, rootCertificates, setDefaultCACertificates } from 'node:tls';

/** Makes connections of this process go by the host's authorities; cheap when nothing has changed there. */
export function trustHostAuthorities(): void {
  const texts = hostAuthorities();
  if (texts === trusted) return;
  trusted = texts;
  try {
    setDefaultCACertificates([...texts]);
  } catch {
    const sound = texts.filter(isCertificate);
    setDefaultCACertificates([...(sound.length === 0 ? rootCertificates : sound)]);
  }
}

/** One text for each authority that is trusted, for connections that trust others as well. */
export function trustedAuthorities(): string[] {
  trustHostAuthorities();
  return getCACertificates('default');
}

/** Looked at only when one of them is not: that takes as long as trusting them. */
function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

/**
 * The certificate authorities that the host trusts, as PEM texts; Node's own ones where the host has none. Administrators add theirs
 * there (`update-ca-certificates`, `update-ca-trust`), and every other program goes by it. Where they lie differs per distribution;
 * SSL_CERT_FILE and SSL_CERT_DIR (with colons) name others.
 */
function hostAuthorities(env = process.env): readonly string[] {
  const named = env['SSL_CERT_FILE'];
  const file = firstFile(named ? [named] : BUNDLES);
  const namedDirectories = env['SSL_CERT_DIR'];
  // A directory repeats what the bundle has, unless it was asked for.
  const directories = namedDirectories ? namedDirectories.split(':') : file === undefined ? DIRECTORIES : [];
  const key = [file, ...directories].map(stateOf).join();
  if (known?.key !== key) {
    const texts = [...(file === undefined ? [] : [file]), ...directories.flatMap(filesIn)].flatMap(textOf);
    known = { key, texts: texts.length === 0 ? rootCertificates : texts };
  }
  return known.texts;
}

let known: { key: string; texts: readonly string[] } | undefined;
let trusted: readonly string[] | undefined;

const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const DIRECTORIES = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

function firstFile(paths: readonly string[]): string | undefined {
  return paths.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

function stateOf(path: string | undefined): string {
  if (path === undefined) return '';
  const stat = statSync(path, { throwIfNoEntry: false });
  return `${path}@${stat?.mtimeMs ?? ''}:${stat?.ino ?? ''}`;
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => join(directory, name));
  } catch {
    return [];
  }
}

/** What holds no certificate, or cannot be read, adds none. */
function textOf(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8');
    // One by one: what cannot be read takes those behind it along.
    return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  } catch {
    return [];
  }
}
