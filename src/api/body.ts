import { UsageError } from '../base/errors.ts';
import type { JsonObject } from './read-body.ts';

/*
 * Members of a JSON body, checked. Go's JSON decoder takes null for absent, and member names in any case; clients rely on the
 * first, hardly on the second.
 */

/** Both APIs have numbers of 64 bits. */
const LARGEST_NUMBER = 2 ** 63;

export function textIn(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw wrong(name, 'a string');
}

export function flagIn(body: JsonObject, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw wrong(name, 'true or false');
}

export function numberIn(body: JsonObject, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Math.abs(value) < LARGEST_NUMBER) return value;
  throw wrong(name, 'a number');
}

/** Empty when absent. */
export function textsIn(body: JsonObject, name: string): string[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrong(name, 'a list of strings');
}

/** A list of strings, or one string for a list of one. Undefined when absent or null. */
export function wordsIn(body: JsonObject, name: string): string[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? [value] : textsIn(body, name);
}

/** Empty when absent. */
export function objectIn(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  throw wrong(name, 'an object');
}

export function objectsIn(body: JsonObject, name: string): JsonObject[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)) return value;
  throw wrong(name, 'a list of objects');
}

/** An object whose values are all strings. */
export function textMapIn(body: JsonObject, name: string): Record<string, string> {
  const value = objectIn(body, name);
  for (const each of Object.values(value))
    if (typeof each !== 'string') throw wrong(name, 'an object of strings');
  return value as Record<string, string>;
}

function wrong(name: string, wanted: string): UsageError {
  return new UsageError(`invalid value for ${name} in the body of the request: must be ${wanted}`);
}
