import { InvalidSpecError } from '../base/errors.ts';

/** What --chmod makes of a mode: octal digits, or clauses as chmod(1) has them (`u=rwX,go-w`). Throws for anything else. */
export function modeChange(text: string): (mode: number, isDirectory: boolean) => number {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode <= 0o7777) return () => mode;
  }
  const clauses = text.split(',').map((clause) => /^([ugoa]*)((?:[-+=][rwxXst]*|[-+=][ugo])+)$/.exec(clause));
  if (text === '' || clauses.some((clause) => clause === null))
    throw new InvalidSpecError(
      `invalid mode ${JSON.stringify(text)}: use octal digits or clauses such as u=rwX,go=rX`,
    );
  return (mode, isDirectory) =>
    clauses.reduce(
      (changed, clause) => applyClause(changed, clause?.[1] ?? '', clause?.[2] ?? '', isDirectory),
      mode,
    );
}

function applyClause(mode: number, who: string, actions: string, isDirectory: boolean): number {
  const classes = who === '' || who.includes('a') ? 'ugo' : who;
  let result = mode;
  for (const [, operator = '', letters = ''] of actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
    const bits = bitsOf(letters, { classes, mode: result, isDirectory });
    if (operator === '+') result |= bits;
    else if (operator === '-') result &= ~bits;
    else result = (result & ~ownedBits(classes, isDirectory)) | bits;
  }
  return result;
}

const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

function ownedBits(classes: string, isDirectory: boolean): number {
  let bits = 0;
  for (const each of classes) bits |= 0o7 << (SHIFT[each] ?? 0);
  // As chmod(1): set-id bits of directories stay unless they are named.
  if (!isDirectory) bits |= (classes.includes('u') ? 0o4000 : 0) | (classes.includes('g') ? 0o2000 : 0);
  return bits;
}

function bitsOf(letters: string, place: { classes: string; mode: number; isDirectory: boolean }): number {
  let bits = 0;
  const { classes, mode, isDirectory } = place;
  const toAll = (three: number): void => {
    for (const each of classes) bits |= three << (SHIFT[each] ?? 0);
  };
  for (const letter of letters) {
    if (letter === 'r') toAll(4);
    else if (letter === 'w') toAll(2);
    else if (letter === 'x' || (letter === 'X' && (isDirectory || (mode & 0o111) !== 0))) toAll(1);
    else if (letter === 's')
      bits |= (classes.includes('u') ? 0o4000 : 0) | (classes.includes('g') ? 0o2000 : 0);
    else if (letter === 't') bits |= 0o1000;
    else if (letter in SHIFT) toAll((mode >> (SHIFT[letter] ?? 0)) & 7);
  }
  return bits;
}
