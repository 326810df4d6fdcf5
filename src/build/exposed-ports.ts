const PORT = /^(?:.*:)?(\d+)(?:-(\d+))?(?:\/(\w+))?$/;
const HIGHEST = 65535;
const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'];

/** `80`, `80/udp`, `8000-8010`; what stands before a colon is of no meaning in an image. */
export function parseExposedPorts(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const [, first, last, protocol = 'tcp'] = PORT.exec(word) ?? [];
    const from = Number(first);
    const to = last === undefined ? from : Number(last);
    if (first === undefined || to < from || from < 1 || to > HIGHEST)
      throw new Error(`${JSON.stringify(word)} is not a port such as 80, 53/udp or 8000-8010`);
    if (!PROTOCOLS.includes(protocol.toLowerCase()))
      throw new Error(`${JSON.stringify(protocol)} is not a protocol: ${PROTOCOLS.join(', ')} are`);
    return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
  });
}
