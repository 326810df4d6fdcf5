/**
 * Whether a full name (`registry/path:tag` or `…@digest`) is meant by a pattern: the whole name or its last components, with
 * or without the tag; `*`, `?` and `[…]` stay within one component.
 */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const expression = globToRegExp(pattern);
  return (name) => endingsOf(name).some((ending) => expression.test(ending));
}

function endingsOf(name: string): string[] {
  const at = name.indexOf('@');
  const colon = name.lastIndexOf(':');
  const bare = at !== -1 ? name.slice(0, at) : colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
  return [name, bare].flatMap((text) => {
    const parts = text.split('/');
    return parts.map((_, index) => parts.slice(index).join('/'));
  });
}

function globToRegExp(glob: string): RegExp {
  const body = glob.replace(/\[!|\[\^|[[\]]|[.+^${}()|\\]|\*|\?/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part === '[!' || part === '[^') return '[^';
    return part === '[' || part === ']' ? part : `\\${part}`;
  });
  try {
    return new RegExp(`^${body}$`);
  } catch {
    // An unclosed bracket: then it can only be meant literally.
    return new RegExp(`^${glob.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
  }
}
