import { UsageError } from '../base/errors.ts';

const CONTROL: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** `ctrl-p,ctrl-q` → bytes; an empty text switches detaching off. Throws UsageError for an unknown key. */
export function parseDetachKeys(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  return Buffer.from(text.split(',').map((key) => keyCode(key.trim(), text)));
}

function keyCode(key: string, text: string): number {
  const control = /^ctrl-(.)$/.exec(key)?.[1];
  if (control !== undefined) {
    const letter = control.toLowerCase().charCodeAt(0);
    if (letter >= 97 && letter <= 122) return letter - 96;
    const code = CONTROL[control];
    if (code !== undefined) return code;
  } else if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
  throw new UsageError(`invalid detach keys ${JSON.stringify(text)}: ${JSON.stringify(key)} is no key`, {
    hint: 'a single character, or ctrl- and one of a-z @ ^ [ ] \\ _, separated by commas',
  });
}

/** Finds the detach sequence in typed input, also where it comes in pieces. */
export class DetachDetector {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** `pass` is what belongs to the container; a begun sequence is held back until it is complete or broken. */
  feed(chunk: Buffer): { pass: Buffer; detach: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, detach: false };
    const pass: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) {
          this.#matched = 0;
          return { pass: Buffer.from(pass), detach: true };
        }
        continue;
      }
      for (const held of this.#keys.subarray(0, this.#matched)) pass.push(held);
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
    }
    return { pass: Buffer.from(pass), detach: false };
  }
}
