import { InvalidSpecError } from '../base/errors.ts';
import { parseYaml } from '../base/yaml.ts';

/** By key, of a secret whose content is Kubernetes' document of one. */
export function keptSecretData(name: string, content: Buffer): Map<string, Buffer> {
  let document: unknown;
  try {
    document = parseYaml(content.toString('utf8'));
  } catch {
    // What the parser says would quote the secret.
    document = undefined;
  }
  const record = asRecord(document);
  const data = record?.['kind'] === 'Secret' ? (asRecord(record['data']) ?? {}) : undefined;
  if (data === undefined)
    throw new InvalidSpecError(`secret ${name} has no keys: it is not a Secret of Kubernetes`, {
      hint: 'play the file with its document: tspod kube play FILE',
    });
  return new Map(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64')] as const),
  );
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
