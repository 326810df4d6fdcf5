import { InvalidSpecError } from '../base/errors.ts';

const SECTION = /^\[(container|volume|network|image|build|pod|kube|artifact)\]$/im;

/** The files that a `.quadlets` file is made of: parts between lines of `---`, each with its name in a comment `# FileName=`. */
export function splitBundle(text: string, path: string): { name: string; text: string }[] {
  const parts = text.split(/^[ \t]*---[ \t]*\r?$/m).filter((part) => part.trim() !== '');
  if (parts.length === 0) throw new InvalidSpecError(`${path}: there is nothing in it`);
  const files = parts.map((part, at) => {
    const where = `${path}: part ${at + 1}`;
    const type = SECTION.exec(part.replaceAll(/^[ \t]+|[ \t\r]+$/gm, ''))?.[1]?.toLowerCase();
    if (type === undefined)
      throw new InvalidSpecError(
        `${where}: there is no section [Container], [Volume], [Network], [Image], [Build], [Pod] or [Kube]`,
      );
    const given = /^[ \t]*#[ \t]*FileName=(.*)$/m.exec(part)?.[1]?.trim();
    if (!given) throw new InvalidSpecError(`${where}: its name is missing: a line "# FileName=web"`);
    if (!/^[^/\\.][^/\\]*$/.test(given))
      throw new InvalidSpecError(`${where}: FileName=${given} is no name of a file`);
    const name = given.endsWith(`.${type}`) ? given : `${given}.${type}`;
    return { name, text: `${part.trim()}\n` };
  });
  const twice = files.find(({ name }, at) => files.findIndex((file) => file.name === name) !== at);
  if (twice !== undefined) throw new InvalidSpecError(`${path}: ${twice.name} comes twice`);
  return files;
}
