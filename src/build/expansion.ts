/** What the two halves of the expansion of words, plain text and `${…}`, hand to each other. */
export interface ExpandOptions {
  lookup: (name: string) => string | undefined;
  escape: '\\' | '`';
  /** Quotes are text like any other: the bodies of heredocs. */
  keepQuotes?: boolean;
}

export interface ExpandUntilOptions extends ExpandOptions {
  /** The escape character stays before what it escapes: patterns need it. */
  keepEscapes?: boolean;
}

/** A place in a text that is read from left to right. */
export interface Cursor {
  readonly text: string;
  position: number;
}

export interface Expanded {
  text: string;
  /** Cut at white space that was neither quoted nor escaped, also where a variable brought it in. */
  words: string[];
}

export type ExpandUntil = (cursor: Cursor, options: ExpandUntilOptions, stop: string | undefined) => Expanded;
