/** A text with addresses, without what stands before their hosts. */
export function hideCredentials(text: string): string {
  return text.replace(/(\w{1,20}:\/\/)[^/@\s]+@/g, '$1');
}
