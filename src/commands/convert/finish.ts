// What is done with every draft, whatever it comes from: what nobody has decided is noted, and what all routes have moves to the top.

import type { Directive } from './directive.ts'
import { below, type Draft, type Entry, type NoteKind } from './draft.ts'

/** Of directives that no code converts. */
export type Said = (directive: Directive) => readonly [NoteKind, string] | undefined

const UNKNOWN = 'not known here: see whether vigia needs a word of it'

/**
 * A line in the report for each directive of which nothing was said.
 * @param data blocks whose lines are no directives
 */
export function noteRest(
  draft: Draft,
  directives: readonly Directive[],
  said: Said,
  data: readonly string[] = [],
): void {
  for (const directive of directives) {
    const { used, block } = directive
    if (!used) {
      const [kind, message] = said(directive) ?? ['unconverted', UNKNOWN]
      draft.note(kind, directive, message)
      directive.used = true
      // What is in a block that vigia needs no word of needs none either, and some blocks hold no directives.
      if (kind === 'needless' || data.includes(directive.name)) continue
    }
    if (block !== undefined) noteRest(draft, block, said, data)
  }
}

/** Whether a directive, or what stands in it, protects something. */
export function protects(directive: Directive, said: Said): boolean {
  return said(directive)?.[0] === 'unsafe' || (directive.block ?? []).some(each => protects(each, said))
}

/** What holds for every route is said once, and pools that no route leads to are left out. */
export function hoist(draft: Draft): void {
  for (const name of [...draft.pools.keys()])
    if (!draft.routes.some(({ pool }) => pool === name)) draft.pools.delete(name)
  const { routes, settings } = draft
  if (routes.length === 0) return
  const times = commonOf(routes, 'timeouts') as object | undefined
  if (times !== undefined) settings.timeouts = { ...times, ...(settings.timeouts as object | undefined) }
  const compress = commonOf(routes, 'compress')
  if (compress !== undefined) settings.compress = compress
  const body = commonOf(routes, 'maxBody')
  if (body !== undefined) below(settings, 'limits').body = body
  for (const { keys } of routes) {
    if (times !== undefined) delete keys.timeouts
    if (compress !== undefined) delete keys.compress
    if (body !== undefined) delete keys.maxBody
  }
}

function commonOf(entries: readonly Entry[], key: string): unknown {
  const [first, ...others] = entries.map(({ keys }) => JSON.stringify(keys[key]))
  return first !== undefined && others.every(each => each === first) ? entries[0]!.keys[key] : undefined
}
