import type { Keyword } from './instruction.ts';

export interface KeywordRules {
  /** Name to whether it takes a value, is a switch, or may be repeated. */
  flags: Readonly<Record<string, 'value' | 'switch' | 'repeated'>>;
  /** `[…]` is read as JSON when it is. */
  json: boolean;
  /** Allowed behind ONBUILD. */
  trigger: boolean;
}

const PLAIN: KeywordRules = { flags: {}, json: false, trigger: true };
const SOURCES = {
  chown: 'value',
  chmod: 'value',
  link: 'switch',
  exclude: 'repeated',
} as const;

export const KEYWORDS: Readonly<Record<Keyword | 'FROM', KeywordRules>> = {
  ADD: {
    flags: { ...SOURCES, 'keep-git-dir': 'switch', checksum: 'value', unpack: 'switch' },
    json: true,
    trigger: true,
  },
  ARG: PLAIN,
  CMD: { ...PLAIN, json: true },
  COPY: { flags: { ...SOURCES, from: 'value', parents: 'switch' }, json: true, trigger: true },
  ENTRYPOINT: { ...PLAIN, json: true },
  ENV: PLAIN,
  EXPOSE: PLAIN,
  FROM: { flags: { platform: 'value' }, json: false, trigger: false },
  HEALTHCHECK: {
    flags: {
      interval: 'value',
      timeout: 'value',
      'start-period': 'value',
      'start-interval': 'value',
      retries: 'value',
    },
    // Only what follows CMD.
    json: false,
    trigger: true,
  },
  LABEL: PLAIN,
  MAINTAINER: { ...PLAIN, trigger: false },
  ONBUILD: { ...PLAIN, trigger: false },
  RUN: {
    flags: { mount: 'repeated', network: 'value', security: 'value' },
    json: true,
    trigger: true,
  },
  SHELL: { ...PLAIN, json: true },
  STOPSIGNAL: PLAIN,
  USER: PLAIN,
  VOLUME: { ...PLAIN, json: true },
  WORKDIR: PLAIN,
};

export function isKeyword(word: string): word is Keyword | 'FROM' {
  return Object.hasOwn(KEYWORDS, word);
}
