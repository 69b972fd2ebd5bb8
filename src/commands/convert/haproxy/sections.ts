// HAProxy's sections as a draft.

import { type Directive, type Surroundings, take } from '../directive.ts'
import { below, type Draft } from '../draft.ts'
import { hoist, noteRest } from '../finish.ts'
import { addBackend } from './backends.ts'
import { addFrontend } from './frontends.ts'
import type { Section } from './read.ts'
import { lastOf } from './section-lines.ts'
import { saidOf } from './words.ts'

export function convertHaproxy(sections: readonly Section[], draft: Draft, around: Surroundings): void {
  const http = sections.filter(section => isProxy(section) && speaksHttp(section, draft))
  const pools = new Map<string, string | undefined>()
  const serving = http.filter(({ kind }) => kind === 'backend' || kind === 'listen')
  const backends = {
    poolOf: (name: string) => {
      const section = backends.sectionOf(name)
      if (section === undefined) return undefined
      if (!pools.has(name)) {
        const pool = addBackend(draft, section)
        pools.set(name, pool && draft.nameOf(pool))
      }
      return pools.get(name)
    },
    sectionOf: (name: string) => serving.find(each => each.name === name),
  }
  const crtBase =
    sections
      .filter(({ kind }) => kind === 'global')
      .flatMap(({ lines }) => take(lines, 'crt-base'))
      .at(-1)?.args[0] ?? ''
  for (const section of http) {
    if (section.kind === 'backend') continue
    if (isStatistics(section)) {
      draft.noteAt(
        'differs',
        section.place,
        `${section.kind} ${section.name}`,
        'statistics are on the admin listener of vigia: vigia status, /metrics',
      )
      for (const line of section.lines) line.used = true
    } else addFrontend(draft, section, crtBase, backends, around)
  }
  for (const section of serving) {
    if (section.kind === 'backend' && !pools.has(section.name)) {
      draft.noteAt('unconverted', section.place, `backend ${section.name}`, 'no rule that was converted leads to it')
      for (const line of section.lines) line.used = true
    }
  }
  resolvers(draft, sections)
  const everywhere = draft.listeners
    .filter(({ keys }) => keys.redirect === undefined)
    .map(({ keys }) => String(keys.name))
  for (const route of draft.routes) if (route.match.listener?.length === everywhere.length) delete route.match.listener
  hoist(draft)
  for (const section of sections) {
    if (section.kind === 'userlist') {
      draft.noteAt('unconverted', section.place, `userlist ${section.name}`, 'vigia asks nobody for a password')
      for (const line of section.lines) line.used = true
    } else if (
      section.kind === 'peers' ||
      section.kind === 'program' ||
      section.kind === 'cache' ||
      section.kind === 'fcgi-app'
    ) {
      draft.noteAt('unconverted', section.place, `${section.kind} ${section.name}`, 'vigia has nothing of the kind')
      for (const line of section.lines) line.used = true
    }
    noteRest(draft, section.lines, saidOf)
  }
}

function isProxy({ kind }: Section): boolean {
  return kind === 'frontend' || kind === 'backend' || kind === 'listen'
}

/** Without a word of it HAProxy passes on TCP. */
function speaksHttp(section: Section, draft: Draft): boolean {
  const mode = lastOf(section, 'mode')
  if (mode?.args[0] === 'http') return true
  draft.noteAt(
    'unconverted',
    section.place,
    `${section.kind} ${section.name}`,
    `vigia balances HTTP, and this is mode ${mode?.args[0] ?? 'tcp (the default)'}`,
  )
  for (const line of section.lines) line.used = true
  return false
}

function isStatistics({ kind, lines }: Section): boolean {
  return (
    (kind === 'listen' || kind === 'frontend') &&
    lines.some(({ name }) => name === 'stats') &&
    !lines.some(({ name }) => /^(?:server|use_backend|default_backend)$/.test(name))
  )
}

function resolvers(draft: Draft, sections: readonly Section[]): void {
  const lines: Directive[] = sections
    .filter(({ kind }) => kind === 'resolvers')
    .flatMap(section => take(section.lines, 'nameserver'))
  const servers = lines.flatMap(({ args }) =>
    /^(?:\d+(?:\.\d+){3}|\[[0-9a-fA-F:]+\])(?::\d+)?$/.test(args[1] ?? '') ? [args[1]!] : [],
  )
  if (servers.length > 0) below(draft.settings, 'dns').servers = servers
}
