import { UsageError } from '../base/errors.ts';

/** The parameters after the question mark, read as docker's daemon reads them. */
export class Query {
  readonly #values: URLSearchParams;
  readonly #anyCase: boolean;

  /** `anyCase`: as podman's service, whose clients write the same name in several ways. */
  constructor(text: string, anyCase = false) {
    this.#anyCase = anyCase;
    this.#values = new URLSearchParams(
      [...new URLSearchParams(text)].map(([name, value]) => [this.#nameOf(name), value]),
    );
  }

  #nameOf(name: string): string {
    return this.#anyCase ? name.toLowerCase() : name;
  }

  /** Undefined when absent or empty. */
  text(name: string): string | undefined {
    return this.#values.get(this.#nameOf(name)) || undefined;
  }

  /** Every value of a parameter that may be repeated, or hold several separated by commas. */
  list(name: string): string[] {
    return this.#values
      .getAll(this.#nameOf(name))
      .flatMap((value) => value.split(',').filter((word) => word !== ''));
  }

  /** Every value of a parameter that may be repeated, as it is. */
  all(name: string): string[] {
    return this.#values.getAll(this.#nameOf(name)).filter((value) => value !== '');
  }

  /** True for anything but the words for no. */
  flag(name: string, otherwise = false): boolean {
    const value = this.#values.get(this.#nameOf(name));
    if (value === null) return otherwise;
    return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^[+-]?\d+$/.test(value) && Number.isSafeInteger(number)) return number;
    throw new UsageError(`invalid value ${JSON.stringify(value)} for parameter ${name}: must be a number`);
  }

  without(names: readonly string[]): Query {
    const dropped = new Set(names.map((name) => this.#nameOf(name)));
    const kept = [...this.#values].filter(([name]) => !dropped.has(name));
    return new Query(new URLSearchParams(kept).toString(), this.#anyCase);
  }

  /** JSON in a parameter; undefined when absent. */
  json(name: string): unknown {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      return JSON.parse(value) as unknown;
    } catch (error) {
      throw new UsageError(`invalid JSON in parameter ${name}`, { cause: error });
    }
  }

  /** `filters` as `key=value` words: `{"key":["value"]}` of today and `{"key":{"value":true}}` of old clients. */
  filters(): string[] {
    const value = this.json('filters');
    if (value === undefined || value === null) return [];
    if (typeof value !== 'object' || Array.isArray(value)) throw badFilters();
    return Object.entries(value as Record<string, unknown>).flatMap(([key, words]) =>
      filterWords(words).map((word) => `${key}=${word}`),
    );
  }
}

function filterWords(words: unknown): string[] {
  if (Array.isArray(words)) {
    if (words.every((word) => typeof word === 'string')) return words;
  } else if (typeof words === 'object' && words !== null) {
    return Object.entries(words)
      .filter(([, wanted]) => wanted === true)
      .map(([word]) => word);
  }
  throw badFilters();
}

function badFilters(): UsageError {
  return new UsageError('invalid filter: must be a JSON object of lists of strings');
}
