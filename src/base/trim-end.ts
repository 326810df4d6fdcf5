/** Without those of the characters that it ends with. An expression that ends with `+$` would take a time that grows with the square of the text. */
export function trimEndOf(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
