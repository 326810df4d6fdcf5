import { writeYaml } from '../base/yaml.ts';
import { checkKey, decodeBase64 } from './config-map.ts';
import type { KubeDocument } from './documents.ts';
import { flagOf, pairsOf } from './field.ts';
import type { SecretPlan } from './plan.ts';

/** The document is kept whole, as podman keeps it: `stringData` goes over `data`, in base64. */
export function secretOf(document: KubeDocument): SecretPlan {
  const { members, metadata, value } = document;
  const data = members('data');
  const plain = members('stringData');
  const encoded = pairsOf(data);
  for (const [key, text] of Object.entries(encoded)) decodeBase64(text, checkKey(key, data), data);
  for (const [key, text] of Object.entries(pairsOf(plain)))
    encoded[checkKey(key, plain)] = Buffer.from(text).toString('base64');
  const { stringData: _plain, ...rest } = value;
  return {
    name: metadata.name,
    labels: metadata.labels,
    immutable: flagOf(members('immutable')) ?? false,
    text: writeYaml({ ...rest, data: encoded }),
  };
}

/** Its keys; of a document that was made by `secretOf`. */
export function secretKeysOf({ members }: KubeDocument): string[] {
  return [
    ...new Set([...Object.keys(pairsOf(members('data'))), ...Object.keys(pairsOf(members('stringData')))]),
  ];
}
