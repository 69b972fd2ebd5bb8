// Reads nginx's configuration: words, quotes, blocks and includes, as nginx itself splits them. Knows no directive but `include`.

import { dirname, isAbsolute, join } from 'node:path'
import { type Directive, type Place, ReadFault, type Surroundings } from '../directive.ts'

const MOST_DIRECTIVES = 50_000
const DEEPEST = 30
const MOST_FILES = 500

interface Reading {
  readonly around: Surroundings
  /** Folders in which relative includes are looked for, in this order. */
  readonly folders: readonly string[]
  directives: number
  files: number
}

/** @param file as it was named @returns what stands in it and in all that it includes */
export function readNginx(file: string, text: string, around: Surroundings): Directive[] {
  // nginx takes them from the folder of nginx.conf; a file of sites-enabled/ or conf.d/ is one below it.
  const own = dirname(file)
  const reading = { around, folders: [own, join(own, '..')], directives: 0, files: 1 }
  return readFile(file, text, reading, 0)
}

function readFile(file: string, text: string, reading: Reading, depth: number): Directive[] {
  const words = new Words(file, text)
  const block = readBlock(words, reading, depth)
  const rest = words.next()
  if (rest.kind !== 'end') throw new ReadFault(rest.place, 'there is a } without its {')
  return block
}

/** Up to its } or the end, which are left to the caller. */
function readBlock(words: Words, reading: Reading, depth: number): Directive[] {
  const block: Directive[] = []
  if (depth > DEEPEST) throw new ReadFault(words.place, `blocks or includes go deeper than ${DEEPEST}`)
  for (;;) {
    const first = words.peek()
    if (first.kind === 'end' || first.kind === '}') return block
    words.next()
    if (first.kind !== 'word') throw new ReadFault(first.place, `there is a ${first.kind} where a directive begins`)
    reading.directives += 1
    if (reading.directives > MOST_DIRECTIVES)
      throw new ReadFault(first.place, `these are more than ${MOST_DIRECTIVES} directives`)
    const args: string[] = []
    let token = words.next()
    for (; token.kind === 'word'; token = words.next()) args.push(token.text)
    const start = { name: first.text, args, place: first.place, used: false }
    if (token.kind === ';') {
      if (first.text === 'include' && args.length === 1) block.push(...included(start, reading, depth))
      else block.push(start)
    } else if (token.kind === '{') {
      // Lua is no configuration: its braces are only counted.
      const inner = first.text.endsWith('_by_lua_block') ? skipLua(words) : readBlock(words, reading, depth + 1)
      const end = words.next()
      if (end.kind !== '}') throw new ReadFault(first.place, `the block of ${first.text} has no end: a } is missing`)
      block.push({ ...start, block: inner })
    } else {
      throw new ReadFault(token.place, `${first.text} has no end: a ; is missing`)
    }
  }
}

function included(include: Directive, reading: Reading, depth: number): Directive[] {
  const [pattern = ''] = include.args
  const candidates = isAbsolute(pattern) ? [pattern] : reading.folders.map(folder => join(folder, pattern))
  for (const candidate of candidates) {
    const files = reading.around.find(candidate)
    if (files.length === 0) continue
    reading.files += files.length
    if (reading.files > MOST_FILES) throw new ReadFault(include.place, `these are more than ${MOST_FILES} files`)
    return files.flatMap(file => {
      const text = reading.around.read(file)
      return text === undefined ? [include] : readFile(file, text, reading, depth + 1)
    })
  }
  // A pattern that finds nothing is nothing, as in nginx.
  return /[*?[]/.test(pattern) ? [] : [include]
}

function skipLua(words: Words): Directive[] {
  words.skipBraces()
  return []
}

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly place: Place }
  | { readonly kind: '{' | '}' | ';' | 'end'; readonly place: Place }

class Words {
  readonly #file: string
  readonly #text: string
  #at = 0
  #line = 1
  #peeked: Token | undefined

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
  }

  get place(): Place {
    return { file: this.#file, line: this.#line }
  }

  peek(): Token {
    this.#peeked ??= this.#read()
    return this.#peeked
  }

  next(): Token {
    const token = this.peek()
    this.#peeked = undefined
    return token
  }

  /** Up to the } that closes what is open. */
  skipBraces(): void {
    for (let open = 1; this.#at < this.#text.length; this.#step()) {
      const char = this.#text[this.#at]
      if (char === '{') open += 1
      if (char === '}') open -= 1
      if (open === 0) return
    }
  }

  #step(): string {
    const char = this.#text[this.#at]!
    if (char === '\n') this.#line += 1
    this.#at += 1
    return char
  }

  #read(): Token {
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) return { kind: 'end', place: this.place }
      if (/\s/.test(char)) this.#step()
      else if (char === '#') while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#step()
      else break
    }
    const { place } = this
    const char = this.#text[this.#at]!
    if (char === '{' || char === '}' || char === ';') {
      this.#step()
      return { kind: char, place }
    }
    return { kind: 'word', text: char === '"' || char === "'" ? this.#quoted(this.#step()) : this.#plain(), place }
  }

  #quoted(quote: string): string {
    const { place } = this
    let text = ''
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) throw new ReadFault(place, `a text that begins with ${quote} has no end`)
      if (char === quote) {
        this.#step()
        return text
      }
      text += char === '\\' ? this.#escaped() : this.#step()
    }
  }

  #plain(): string {
    let text = ''
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined || /[\s;]/.test(char)) return text
      if (char === '{' && !text.endsWith('$')) return text
      // The } of ${name} is part of the word.
      if (char === '}' && !/\$\{\w*$/.test(text)) return text
      text += char === '\\' ? this.#escaped() : this.#step()
    }
  }

  /** Quotes, backslashes, tabs and line ends; before anything else a backslash stands for itself (regular expressions). */
  #escaped(): string {
    this.#step()
    const next = this.#text[this.#at]
    if (next === undefined) return '\\'
    this.#step()
    if (next === '"' || next === "'" || next === '\\') return next
    const special = { t: '\t', r: '\r', n: '\n' }[next]
    return special ?? `\\${next}`
  }
}
