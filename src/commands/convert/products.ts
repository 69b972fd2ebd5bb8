// The products whose configurations are converted: how each is told from the others, and who reads it.

import { basename } from 'node:path'
import { readCaddyfile } from './caddy/read.ts'
import { convertCaddy } from './caddy/sites.ts'
import type { Surroundings } from './directive.ts'
import type { Draft } from './draft.ts'
import { readHaproxy } from './haproxy/read.ts'
import { convertHaproxy } from './haproxy/sections.ts'
import { convertNginx } from './nginx/http.ts'
import { readNginx } from './nginx/read.ts'
import { convertTraefik } from './traefik/document.ts'
import { readTraefik } from './traefik/read.ts'

export const PRODUCTS = ['haproxy', 'nginx', 'caddy', 'traefik'] as const
export type Product = (typeof PRODUCTS)[number]

/** Puts what a configuration says into a draft; throws ReadFault where it can't be read. */
type Converter = (file: string, text: string, around: Surroundings, draft: Draft) => void

export const CONVERTERS: Readonly<Record<Product, Converter>> = {
  haproxy: (file, text, around, draft) => convertHaproxy(readHaproxy(file, text, around), draft, around),
  nginx: (file, text, around, draft) => convertNginx(readNginx(file, text, around), draft),
  caddy: (file, text, around, draft) => convertCaddy(readCaddyfile(file, text, around), draft),
  traefik: (file, text, around, draft) => convertTraefik(readTraefik(file, text, around), draft),
}

/** By its name, else by what only one of them says; undefined = it could be any. */
export function productOf(file: string, text: string): Product | undefined {
  const name = basename(file).toLowerCase()
  if (/haproxy|\.cfg$/.test(name)) return 'haproxy'
  if (/caddyfile|\.caddy$/.test(name)) return 'caddy'
  if (/traefik|\.(?:ya?ml|toml)$/.test(name)) return 'traefik'
  if (/nginx|\.conf$/.test(name)) return 'nginx'
  if (/^\s*(?:frontend|backend|listen|defaults)\s+\S+\s*$/m.test(text) && !text.includes(';')) return 'haproxy'
  if (/^\s*(?:server|upstream\s+\S+|location\s[^{]+|http)\s*\{/m.test(text)) return 'nginx'
  return /^\s*reverse_proxy\s/m.test(text) ? 'caddy' : undefined
}
