import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { SecretUse } from '../specgen/container-spec.ts';
import type { Metadata } from './documents.ts';
import { type Field, flagOf, itemsOf, membersOf, requiredText, textOf } from './field.ts';
import { quantityOf } from './quantity.ts';
import { configMapFor, missingKey, type PlayContext, secretKeysFor } from './sources.ts';

/** Text, with what has to be taken from secrets later. */
export type Value = (string | { name: string; key: string })[];
export type Variables = Map<string, Value>;

const NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

export interface Surroundings {
  context: PlayContext;
  pod: Metadata;
  resources: Field | undefined;
}

/** `envFrom`, then `env`, which wins; a variable may refer to those before it. */
export function environmentOf(
  envFrom: Field | undefined,
  env: Field | undefined,
  surroundings: Surroundings,
): Variables {
  const variables: Variables = new Map();
  for (const item of itemsOf(envFrom)) takeAll(item, variables, surroundings.context);
  for (const item of itemsOf(env)) {
    const members = membersOf(item, { takes: 'name value valueFrom' });
    const name = requiredText(members('name'), `${item.path}.name`);
    if (!NAME.test(name))
      throw new InvalidSpecError(
        `${item.path}.name: ${JSON.stringify(name)} cannot be the name of a variable`,
      );
    const from = members('valueFrom');
    const value = members('value');
    if (from !== undefined && textOf(value))
      throw new InvalidSpecError(`${item.path}: value and valueFrom exclude each other`);
    const taken = from === undefined ? expand(textOf(value) ?? '', variables) : valueFrom(from, surroundings);
    if (taken !== undefined) variables.set(name, taken);
  }
  return variables;
}

function takeAll(item: Field, variables: Variables, context: PlayContext): void {
  const members = membersOf(item, { takes: 'prefix configMapRef secretRef' });
  const prefix = textOf(members('prefix')) ?? '';
  const { name, optional, field, isSecret } = reference(item, members('configMapRef'), members('secretRef'));
  if (isSecret) {
    for (const key of secretKeysFor(context, name, field, optional) ?? [])
      if (NAME.test(`${prefix}${key}`)) variables.set(`${prefix}${key}`, [{ name, key }]);
    return;
  }
  for (const [key, data] of configMapFor(context, name, field, optional) ?? [])
    if (NAME.test(`${prefix}${key}`)) variables.set(`${prefix}${key}`, [textIn(data)]);
}

function reference(item: Field, configMap: Field | undefined, secret: Field | undefined) {
  const field = configMap ?? secret;
  if (field === undefined || (configMap !== undefined && secret !== undefined))
    throw new InvalidSpecError(`${item.path}: must have one of configMapRef and secretRef`);
  const members = membersOf(field, { takes: 'name optional' });
  return {
    name: requiredText(members('name'), `${field.path}.name`),
    optional: flagOf(members('optional')) ?? false,
    field,
    isSecret: field === secret,
  };
}

/** Undefined: optional, and not there. */
function valueFrom(field: Field, { context, pod, resources }: Surroundings): Value | undefined {
  const members = membersOf(field, {
    takes: 'configMapKeyRef secretKeyRef fieldRef resourceFieldRef',
    refuses: { fileKeyRef: 'files are not read when a container starts' },
  });
  const configMap = members('configMapKeyRef');
  if (configMap !== undefined) {
    const { name, key, optional } = keyReference(configMap);
    const data = configMapFor(context, name, configMap, optional)?.get(key);
    if (data === undefined && !optional) throw missingKey(key, `ConfigMap ${name}`, configMap);
    return data === undefined ? undefined : [textIn(data)];
  }
  const secret = members('secretKeyRef');
  if (secret !== undefined) {
    const { name, key, optional } = keyReference(secret);
    const isThere = secretKeysFor(context, name, secret, optional)?.includes(key) === true;
    if (!isThere && !optional) throw missingKey(key, `Secret ${name}`, secret);
    return isThere ? [{ name, key }] : undefined;
  }
  const own = members('fieldRef');
  if (own !== undefined) return [ownField(own, pod)];
  const resource = members('resourceFieldRef');
  if (resource !== undefined) return [resourceField(resource, resources)];
  throw new InvalidSpecError(`${field.path}: says nothing`);
}

function keyReference(field: Field): { name: string; key: string; optional: boolean } {
  const members = membersOf(field, { takes: 'name key optional' });
  return {
    name: requiredText(members('name'), `${field.path}.name`),
    key: requiredText(members('key'), `${field.path}.key`),
    optional: flagOf(members('optional')) ?? false,
  };
}

/** What a pod knows of itself before it runs. */
export function ownField(field: Field, pod: Metadata): string {
  const members = membersOf(field, { takes: 'fieldPath', ignores: 'apiVersion' });
  const path = requiredText(members('fieldPath'), `${field.path}.fieldPath`);
  if (path === 'metadata.name') return pod.name;
  if (path === 'metadata.namespace') return pod.namespace;
  if (path === 'metadata.uid' && pod.uid !== undefined) return pod.uid;
  const match = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (match !== null) return pod[match[1] === 'labels' ? 'labels' : 'annotations'][match[2] ?? ''] ?? '';
  throw new UnsupportedError(
    `${field.path}.fieldPath: ${path} is not supported: only metadata.name, metadata.namespace, metadata.uid, metadata.labels['…'] and metadata.annotations['…'] are known before a pod runs`,
  );
}

function resourceField(field: Field, resources: Field | undefined): string {
  const members = membersOf(field, { takes: 'resource divisor', ignores: 'containerName' });
  const name = requiredText(members('resource'), `${field.path}.resource`);
  const [group = '', ...rest] = name.split('.');
  const parts =
    resources === undefined
      ? undefined
      : membersOf(resources, { takes: 'limits requests', ignores: 'claims' });
  const amounts = group === 'limits' || group === 'requests' ? parts?.(group) : undefined;
  const value =
    amounts === undefined ? undefined : (amounts.value as Record<string, unknown>)[rest.join('.')];
  if (amounts === undefined || value === undefined)
    throw new UnsupportedError(`${field.path}.resource: ${name} is not said in the container's resources`);
  const divisor = members('divisor');
  const amount = quantityOf({ path: `${amounts.path}.${rest.join('.')}`, value });
  return String(Math.ceil(amount / ((divisor === undefined ? 1 : quantityOf(divisor)) || 1)));
}

/** `$(NAME)` of a variable that is known; `$$` stands for `$`. Anything else stays as it is. */
export function expand(text: string, variables: Variables): Value {
  const parts: Value = [];
  let plain = '';
  let end = 0;
  for (const match of text.matchAll(/\$(?:\$|\(([^()]*)\))/g)) {
    plain += text.slice(end, match.index);
    end = match.index + match[0].length;
    const value = match[1] === undefined ? undefined : variables.get(match[1]);
    if (match[0] === '$$') plain += '$';
    else if (value === undefined) plain += match[0];
    else
      for (const part of value) {
        if (typeof part === 'string') plain += part;
        else {
          if (plain !== '') parts.push(plain);
          plain = '';
          parts.push(part);
        }
      }
  }
  plain += text.slice(end);
  if (plain !== '' || parts.length === 0) parts.push(plain);
  return parts;
}

/** For words of a command line, which everybody can see. */
export function expandText(text: string, variables: Variables, { path }: Field): string {
  return expand(text, variables)
    .map((part) => {
      if (typeof part === 'string') return part;
      throw new UnsupportedError(
        `${path}: the variable comes from secret ${part.name}, which would be seen in the command line`,
        { hint: 'let a shell read the variable: ["sh", "-c", "exec program --password=$NAME"]' },
      );
    })
    .join('');
}

/** Secrets stay names; everything else is text. */
export function splitVariables(variables: Variables): { env: string[]; secrets: SecretUse[] } {
  const env: string[] = [];
  const secrets: SecretUse[] = [];
  for (const [target, value] of variables) {
    const [first] = value.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
    if (first === undefined) env.push(`${target}=${value.join('')}`);
    else secrets.push({ type: 'env', name: first, target, parts: value });
  }
  return { env, secrets };
}

function textIn(data: Uint8Array): string {
  return Buffer.from(data).toString('utf8').replaceAll('\0', '');
}
