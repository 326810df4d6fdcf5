/** A text with addresses, without what stands before their hosts. */
export function hideCredentials(text: string): string {
  return text.replace(/(\w+:\/\/)[^/@\s]+@/g, '$1');
}
