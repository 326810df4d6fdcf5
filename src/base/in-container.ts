import { existsSync } from 'node:fs';

/** Whether tspod itself runs in a container of podman, docker or its own, by the files that these leave there. */
export function isInContainer(): boolean {
  return MARKS.some((file) => existsSync(file));
}

const MARKS = ['/run/.containerenv', '/.dockerenv'];
