// Reads a Caddyfile: tokens, quotes, blocks, variables of the environment, snippets and imports, as Caddy itself splits them.

import { dirname, isAbsolute, join } from 'node:path'
import { type Directive, type Place, ReadFault, type Surroundings } from '../directive.ts'

export interface Caddyfile {
  /** The block of global options. */
  readonly options: readonly Directive[]
  readonly sites: readonly Site[]
}

export interface Site {
  readonly addresses: readonly string[]
  readonly place: Place
  readonly block: readonly Directive[]
}

interface Token {
  readonly text: string
  readonly place: Place
  /** Whether quotes were around it: it is never a brace then. */
  readonly isQuoted: boolean
}

const DEEPEST = 20
const MOST_TOKENS = 200_000
const ENVIRONMENT = /\{\$([A-Za-z_]\w*)(?::([^}]*))?\}/g

export function readCaddyfile(file: string, text: string, around: Surroundings): Caddyfile {
  return new Parser(tokensOf(file, text, around), around).whole()
}

class Parser {
  readonly #tokens: Token[]
  readonly #around: Surroundings
  readonly #snippets = new Map<string, readonly Token[]>()
  readonly #options: Directive[] = []
  readonly #sites: Site[] = []
  #at = 0

  constructor(tokens: Token[], around: Surroundings) {
    this.#tokens = tokens
    this.#around = around
  }

  whole(): Caddyfile {
    this.#unfold(0)
    for (let first = this.#peek(); first !== undefined; first = this.#peek()) {
      if (isBrace(first, '{')) {
        this.#at += 1
        this.#options.push(...this.#block(0))
        continue
      }
      const addresses: string[] = []
      while (this.#peek() !== undefined && !isBrace(this.#peek(), '{')) {
        const token = this.#next()
        addresses.push(...token.text.split(',').filter(each => each !== ''))
        const next = this.#peek()
        // Without a comma the addresses end with their line; the rest of the file is the only site then.
        if (next !== undefined && next.place.line !== token.place.line && !token.text.endsWith(',')) break
      }
      if (isBrace(this.#peek(), '{')) {
        this.#at += 1
        this.#sites.push({ addresses, place: first.place, block: this.#block(0) })
      } else this.#sites.push({ addresses, place: first.place, block: this.#directives(0) })
    }
    return { options: this.#options, sites: this.#sites }
  }

  /** Puts what is imported in the place of `import`, and takes out the snippets. */
  #unfold(depth: number): void {
    if (depth > DEEPEST) throw new ReadFault(this.#tokens[0]!.place, `imports go deeper than ${DEEPEST}`)
    let changed = false
    for (let at = 0; at < this.#tokens.length; at += 1) {
      const token = this.#tokens[at]!
      const isFirst =
        at === 0 ||
        this.#tokens[at - 1]!.place.line !== token.place.line ||
        this.#tokens[at - 1]!.place.file !== token.place.file
      const snippet = isFirst && !token.isQuoted ? /^\(([^)]+)\)$/.exec(token.text)?.[1] : undefined
      if (snippet !== undefined && isBrace(this.#tokens[at + 1], '{')) {
        const end = endOf(this.#tokens, at + 1)
        this.#snippets.set(snippet, this.#tokens.slice(at + 2, end))
        this.#tokens.splice(at, end - at + 1)
        at -= 1
      } else if (isFirst && !token.isQuoted && token.text === 'import') {
        let end = at + 1
        while (end < this.#tokens.length && this.#tokens[end]!.place.line === token.place.line) end += 1
        const [name, ...args] = this.#tokens.slice(at + 1, end).map(({ text }) => text)
        const imported = this.#imported(name ?? '', args, token.place)
        if (imported === undefined) continue
        if (this.#tokens.length + imported.length > MOST_TOKENS)
          throw new ReadFault(token.place, 'imports make this too long')
        this.#tokens.splice(at, end - at, ...imported)
        changed = true
        at += imported.length - 1
      }
    }
    if (changed) this.#unfold(depth + 1)
  }

  /** Undefined = it can't be read: the directive stays, and is noted. */
  #imported(name: string, args: readonly string[], place: Place): Token[] | undefined {
    const snippet = this.#snippets.get(name)
    if (snippet !== undefined)
      return snippet.map(token => ({
        ...token,
        text: token.text.replace(/\{args(?:\.|\[)(\d+)\]?\}/g, (_, at) => args[Number(at)] ?? ''),
      }))
    const path = isAbsolute(name) ? name : join(dirname(place.file), name)
    const files = this.#around.find(path)
    if (files.length === 0) return /[*?]/.test(name) ? [] : undefined
    return files.flatMap(file => tokensOf(file, this.#around.read(file) ?? '', this.#around))
  }

  /** Up to and with its }. */
  #block(depth: number): Directive[] {
    const { place } = this.#tokens[this.#at - 1]!
    const block = this.#directives(depth + 1)
    if (!isBrace(this.#peek(), '}')) throw new ReadFault(place, 'a block has no end: a } is missing')
    this.#at += 1
    return block
  }

  #directives(depth: number): Directive[] {
    if (depth > DEEPEST) throw new ReadFault(this.#tokens[this.#at - 1]!.place, `blocks go deeper than ${DEEPEST}`)
    const found: Directive[] = []
    for (let first = this.#peek(); first !== undefined && !isBrace(first, '}'); first = this.#peek()) {
      this.#at += 1
      const args: string[] = []
      let block: Directive[] | undefined
      for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
        if (next.place.line !== first.place.line || next.place.file !== first.place.file || isBrace(next, '}')) break
        this.#at += 1
        if (isBrace(next, '{')) {
          block = this.#block(depth)
          break
        }
        args.push(next.text)
      }
      found.push({ name: first.text, args, place: first.place, used: false, ...(block === undefined ? {} : { block }) })
    }
    return found
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  #next(): Token {
    this.#at += 1
    return this.#tokens[this.#at - 1]!
  }
}

function isBrace(token: Token | undefined, brace: '{' | '}'): boolean {
  return token !== undefined && token.text === brace && !token.isQuoted
}

/** @param at of the { */
function endOf(tokens: readonly Token[], at: number): number {
  let open = 0
  for (let end = at; end < tokens.length; end += 1) {
    if (isBrace(tokens[end], '{')) open += 1
    else if (isBrace(tokens[end], '}')) open -= 1
    if (open === 0) return end
  }
  throw new ReadFault(tokens[at]!.place, 'a block has no end: a } is missing')
}

function tokensOf(file: string, source: string, around: Surroundings): Token[] {
  const text = source.replace(ENVIRONMENT, (_, name: string, fallback = '') => around.variable(name) ?? fallback)
  const tokens: Token[] = []
  let line = 1
  for (let at = 0; at < text.length; ) {
    const char = text[at]!
    const place = { file, line }
    if (char === '\n') {
      line += 1
      at += 1
    } else if (/\s/.test(char)) at += 1
    else if (char === '\\' && /^\\\r?\n/.test(text.slice(at, at + 3))) {
      // The next line belongs to this one; its tokens count for it.
      const next = text.indexOf('\n', at)
      const [rest = ''] = text.slice(next + 1).split('\n', 1)
      tokens.push(...tokensOf(file, rest, around).map(token => ({ ...token, place })))
      at = next + 1 + rest.length
      line += 1
    } else if (char === '#') {
      while (at < text.length && text[at] !== '\n') at += 1
    } else if (char === '"' || char === '`') {
      const [inner, length] = quoted(text.slice(at), char, place)
      tokens.push({ text: inner, place, isQuoted: true })
      line += inner.split('\n').length - 1
      at += length
    } else {
      const [plain = ''] = /^\S+/.exec(text.slice(at, at + 65_536)) ?? []
      const heredoc = /^<<([A-Za-z0-9_-]+)$/.exec(plain)?.[1]
      if (heredoc !== undefined) {
        const end = new RegExp(`^[ \\t]*${heredoc}\\b`, 'm').exec(text.slice(at + plain.length))
        if (end === null) throw new ReadFault(place, `<<${heredoc} has no end`)
        const inner = text.slice(at + plain.length, at + plain.length + end.index)
        tokens.push({ text: inner, place, isQuoted: true })
        line += inner.split('\n').length - 1
        at += plain.length + end.index + end[0].length
      } else {
        tokens.push({ text: plain, place, isQuoted: false })
        at += plain.length
      }
    }
    if (tokens.length > MOST_TOKENS) throw new ReadFault(place, 'the file is too long')
  }
  return tokens
}

function quoted(text: string, quote: string, place: Place): readonly [string, number] {
  let inner = ''
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === quote) return [inner, at + 1]
    if (quote === '"' && text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at += 1
    inner += text[at]
  }
  throw new ReadFault(place, `a text that begins with ${quote} has no end`)
}
