// A configuration of vigia while it is being drawn up, with the place that each part comes from, and the notes on what the conversion
// could not carry over. Translators fill it; write.ts makes a document of it.

import { type Directive, type Place, quoteDirective, samePlace } from './directive.ts'

/**
 * `unsafe`: it protects something, and could not be converted; what it protected is closed.
 * `unconverted`: it is not in the result. `differs`: it is, or needs nothing, but vigia behaves in another way.
 * `needless`: vigia needs no word of it.
 */
export type NoteKind = 'unsafe' | 'unconverted' | 'differs' | 'needless'

export interface Note {
  readonly kind: NoteKind
  readonly place: Place
  /** What stands there, shortened, without secrets. */
  readonly directive: string
  readonly message: string
}

/** An entry of the result: its keys as they stand in the document, and the comments above it. */
export interface Entry {
  readonly keys: Record<string, unknown>
  readonly comments: string[]
}

export interface Pool extends Entry {
  readonly upstreams: Entry[]
}

export interface Match {
  listener?: readonly string[]
  host?: readonly string[]
  path?: string
  method?: readonly string[]
}

export interface Route extends Entry {
  readonly match: Match
  pool: string
}

export interface Access {
  allow?: string[]
  deny?: string[]
  denyPaths?: string[]
}

const NAME_END = 63

/** Stands for the `${` of a variable of the environment that vigia reads itself. No text of a configuration has it. */
export const ENVIRONMENT = '\u0000{'

export class Draft {
  readonly notes: Note[] = []
  readonly listeners: Entry[] = []
  readonly routes: Route[] = []
  readonly pools = new Map<string, Pool>()
  /** Pools by all that makes them, for products in which each use writes them out again. */
  readonly poolsByKey = new Map<string, string>()
  /** Further keys of the document, in the order in which they are written. */
  readonly settings: Record<string, unknown> = {}
  /** Signs the cookies of vigia, where it sets one. */
  readonly secret: string
  readonly #names = new Set<string>()
  readonly #noted = new Set<string>()

  /** @param secret at least 32 characters that nobody else knows */
  constructor(secret: string) {
    this.secret = secret
  }

  /** Whether the result holds the secret. */
  get holdsSecret(): boolean {
    return [...this.pools.values()].some(({ keys }) => JSON.stringify(keys.affinity ?? '').includes(this.secret))
  }

  note(kind: NoteKind, directive: Directive, message: string): void {
    this.noteAt(kind, directive.place, quoteDirective(directive), message)
  }

  /** The same of what is no directive. Once: what two parts share is noted by both. */
  noteAt(kind: NoteKind, place: Place, directive: string, message: string): void {
    const key = JSON.stringify([kind, samePlace(place), directive, message])
    if (this.#noted.has(key)) return
    this.#noted.add(key)
    this.notes.push({ kind, place, directive, message })
  }

  /** What protects and can't be converted: a note, a TODO at each route that it protected, and these are closed. */
  unsafe(directive: Directive, message: string, routes: readonly Route[]): void {
    this.note('unsafe', directive, message)
    for (const route of routes) {
      close(route)
      todo(route, directive, `${message}; closed until you decide: everything here is answered 403`)
    }
  }

  listener(address: string, place: Place): Entry {
    const known = this.listeners.find(({ keys }) => keys.address === address)
    if (known !== undefined) return known
    const port = address.slice(address.lastIndexOf(':') + 1)
    const usual = port === '80' ? 'http' : port === '443' ? 'https' : `port-${port}`
    const listener = { keys: { name: this.nameFor(usual), address }, comments: [samePlace(place)] }
    this.listeners.push(listener)
    return listener
  }

  /** @param wanted the name that it has in the other product */
  pool(wanted: string, place: Place): Pool {
    const pool = { keys: {}, upstreams: [], comments: [samePlace(place)] }
    this.pools.set(uniqueName(wanted, new Set(this.pools.keys())), pool)
    return pool
  }

  nameOf(pool: Pool): string {
    for (const [name, each] of this.pools) if (each === pool) return name
    throw new Error('a pool of another draft')
  }

  route(match: Match, pool: string, place: Place): Route {
    const route: Route = { match, pool, keys: {}, comments: [samePlace(place)] }
    this.routes.push(route)
    return route
  }

  nameFor(wanted: string): string {
    const name = uniqueName(wanted, this.#names)
    this.#names.add(name)
    return name
  }
}

/** A name that vigia takes, and that none of the others has. */
export function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  const plain =
    wanted
      .replace(/[^A-Za-z0-9_. -]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, NAME_END) || 'unnamed'
  for (let at = 1; ; at += 1) {
    const name = at === 1 ? plain : `${plain.slice(0, NAME_END - 5)}-${at}`
    if (!taken.has(name)) return name
  }
}

export function todo(entry: Entry, directive: Directive, message: string): void {
  const line = `TODO ${samePlace(directive.place)}: ${quoteDirective(directive)}: ${message}`
  if (!entry.comments.includes(line)) entry.comments.push(line)
}

export function accessOf(route: Route): Access {
  route.keys.access ??= {}
  return route.keys.access as Access
}

/** Nobody gets in. */
export function close(route: Route): void {
  const path = (route.match.path ?? '/').replace(/\/$/, '')
  denyPaths(route, path === '' ? ['/*'] : [path, `${path}/*`])
}

export function denyPaths(route: Route, paths: readonly string[]): void {
  const access = accessOf(route)
  access.denyPaths = [...new Set([...(access.denyPaths ?? []), ...paths])]
}

/** Keys below a key, such as the timeouts of a route. */
export function below(keys: Record<string, unknown>, key: string): Record<string, unknown> {
  keys[key] ??= {}
  return keys[key] as Record<string, unknown>
}

/** Whether a path is a prefix, or lies below it, by whole segments. */
export function isBelow(path: string, prefix: string): boolean {
  const plain = prefix.replace(/\/$/, '')
  return path === plain || path.startsWith(`${plain}/`)
}

/** Whether a route for a prefix may take a path of a pattern with *. */
export function mayHold(prefix: string, glob: string): boolean {
  const path = prefix.replace(/\/$/, '')
  const [start = ''] = glob.split('*', 1)
  return start === path || start.startsWith(`${path}/`) || (glob.includes('*') && `${path}/`.startsWith(start))
}

/**
 * Others match the beginning of a path, vigia whole segments: what begins like a path that is protected, such as /adminx beside /admin, is
 * refused by the routes that it falls to.
 */
export function guardNeighbours(routes: readonly Route[], path: string): void {
  if (path.endsWith('/')) return
  for (const route of routes) {
    const own = route.match.path ?? '/'
    if (own !== path && isBelow(path, own)) denyPaths(route, [`${path}*`])
  }
}
