// Reads HAProxy's configuration: lines, words with their quotes, escapes and variables, and sections, as HAProxy itself splits them.

import { type Directive, type Place, ReadFault, type Surroundings } from '../directive.ts'

export interface Section {
  /** `frontend`, `backend` ... */
  readonly kind: string
  /** Empty where it has none. */
  readonly name: string
  readonly place: Place
  readonly lines: readonly Directive[]
  /** The `defaults` that hold for it. */
  readonly defaults: readonly Directive[]
}

const KINDS: ReadonlySet<string> = new Set([
  ...['global', 'defaults', 'frontend', 'backend', 'listen', 'peers', 'resolvers', 'mailers', 'userlist', 'cache'],
  ...['program', 'http-errors', 'ring', 'log-forward', 'fcgi-app', 'crt-store', 'traces'],
])
const MOST_LINES = 100_000

export function readHaproxy(file: string, text: string, around: Surroundings): Section[] {
  const sections: (Section & { lines: Directive[] })[] = []
  const variables = new Map<string, string>()
  const named = new Map<string, readonly Directive[]>()
  let defaults: readonly Directive[] = []
  const lines = text.split(/\r?\n/)
  if (lines.length > MOST_LINES) throw new ReadFault({ file, line: 1 }, `these are more than ${MOST_LINES} lines`)
  for (const [at, line] of lines.entries()) {
    const place = { file, line: at + 1 }
    const [name, ...args] = wordsOf(line, place, variable => variables.get(variable) ?? around.variable(variable))
    if (name === undefined) continue
    const directive: Directive = { name, args, place, used: false }
    if (KINDS.has(name)) {
      const from = args.indexOf('from')
      if (from > 0) defaults = named.get(args[from + 1] ?? '') ?? defaults
      const section = { kind: name, name: from === 0 ? '' : (args[0] ?? ''), place, lines: [], defaults }
      sections.push(section)
      if (name === 'defaults') {
        if (from === -1) section.defaults = []
        defaults = section.lines
        if (section.name !== '') named.set(section.name, section.lines)
      }
    } else if (/^\.(?:if|elif|else)$/.test(name)) {
      throw new ReadFault(place, 'conditional blocks are not read: leave in what holds here, and take these lines out')
    } else if (/^\.(?:endif|notice|warning|alert|diag)$/.test(name)) {
      // Messages of the configuration itself.
    } else {
      const section = sections.at(-1)
      if (section === undefined)
        throw new ReadFault(place, `${name} stands before the first section (global, defaults ...)`)
      section.lines.push(directive)
      if (name === 'setenv' || name === 'presetenv') {
        if (name === 'setenv' || around.variable(args[0] ?? '') === undefined)
          variables.set(args[0] ?? '', args[1] ?? '')
        directive.used = true
      }
    }
  }
  return sections
}

/**
 * The words of a line. Within "..." variables count, within '...' nothing does.
 * @param variable value of one of the environment
 */
export function wordsOf(line: string, place: Place, variable: (name: string) => string | undefined): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at]!
    if (quote === "'") {
      if (char === "'") quote = ''
      else word = (word ?? '') + char
    } else if (char === '\\') {
      const [text, length] = escaped(line.slice(at), quote)
      word = (word ?? '') + text
      at += length - 1
    } else if (quote === '"' && char === '$') {
      const [whole = '', braced, plain] =
        /^\$(?:\{([A-Za-z_]\w*(?:\[\*\])?(?:-[^}]*)?)\}|([A-Za-z_]\w*))/.exec(line.slice(at)) ?? []
      if (whole === '') word = (word ?? '') + char
      else {
        const [name = '', ...rest] = (braced ?? plain)!.split('-')
        word = (word ?? '') + (variable(name) ?? (rest.length > 0 ? rest.join('-') : ''))
        at += whole.length - 1
      }
    } else if (char === '"' || (char === "'" && quote === '')) {
      quote = quote === '' ? char : ''
      word ??= ''
    } else if (quote === '' && char === '#') break
    else if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (quote !== '') throw new ReadFault(place, `a text that begins with ${quote} has no end on this line`)
  if (word !== undefined) words.push(word)
  return words
}

/** @returns what an escape stands for, and its length */
function escaped(text: string, quote: string): readonly [string, number] {
  const next = text[1] ?? ''
  if (quote === '"') return /["\\$']/.test(next) ? [next, 2] : ['\\', 1]
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(text)?.[1]
  if (hex !== undefined) return [String.fromCharCode(Number.parseInt(hex, 16)), 4]
  const special = { n: '\n', r: '\r', t: '\t' }[next]
  if (special !== undefined) return [special, 2]
  return /[ #"'\\]/.test(next) ? [next, 2] : ['\\', 1]
}
