// Patterns that people write, matched against what others send: in a time that grows with the text, whatever the text is, and never
// longer than a bound. So an answer can't hang whoever looks at it (docs/decisions/0046).

import { createRequire } from 'node:module'
import { createContext, Script } from 'node:vm'
import type { RE2JS } from 're2js'

/** Longest that one match may take, ms: RE2's time is linear, but what it is multiplied by is large for some patterns. */
const MATCH_MS = 100
/** How often is begun what had no core to run on: that is no fault of the text, or the pattern. */
const MOST_TRIES = 5
/** Share of that time for which it ran, and so is to blame. */
const HAD_A_CORE = 0.8
/** Longest that it may take to make a pattern ready, ms: repetitions are written out. */
const COMPILE_MS = 500
/** What an engine that never goes back can't do; looked for only in a pattern that it has refused. */
const NOT_LINEAR: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, 'looks ahead or behind: (?=, (?!, (?<= or (?<!'],
  [/\\[1-9]/, 'refers back to a group: \\1'],
  [/\\p\{[^}]*(=|[a-z]{2})/i, 'names a property in full: write \\p{L} for letters, \\p{Greek} for a script'],
  [/\{\d{4,}|\{\d*,\d{4,}/, 'repeats something more than 1000 times'],
]

/** Loaded by the first pattern: most configurations have none. */
const load = createRequire(import.meta.url)
const frame: { run?: () => unknown } = {}
createContext(frame)
const call = new Script('run()')

/** A pattern in use. */
export class Pattern {
  readonly #source: string
  #engine: RE2JS | undefined

  /** @param source as `wrongInPattern` lets it pass */
  constructor(source: string) {
    this.#source = source
  }

  /** Whether it matches somewhere in the text; undefined = that could not be found out within 100 ms. */
  test(text: string): boolean | undefined {
    try {
      return patiently(MATCH_MS, () => this.#testOnce(text))
    } catch (error) {
      if (isTooSlow(error)) return undefined
      throw error
    }
  }

  /** @throws where it takes too long */
  #testOnce(text: string): boolean {
    const engine = this.#engine ?? compile(this.#source)
    // Only kept where it came to its end: what is cut short may be in any state.
    this.#engine = undefined
    const matches = within(MATCH_MS, () => engine.test(text))
    this.#engine = engine
    return matches
  }
}

/** What is wrong with a pattern, for its problem; undefined = nothing. Its syntax is what JavaScript (flag `u`) and RE2 both have. */
export function wrongInPattern(source: string): string | undefined {
  try {
    new RegExp(source, 'u')
  } catch {
    return 'is not a regular expression that JavaScript understands: check brackets and backslashes'
  }
  // The engine would take it for the letter k.
  if (source.replaceAll(/\\[^k]/g, '').includes('\\k')) return because('refers back to a group: \\k')
  try {
    patiently(COMPILE_MS, () => compile(source))
    return undefined
  } catch (error) {
    if (isTooSlow(error)) return because('is too large with its repetitions written out')
    const [, why] = NOT_LINEAR.find(([sign]) => sign.test(source)) ?? []
    return because(why ?? (error as Error).message.replace(/^error parsing regexp: /, 'has something that RE2 lacks: '))
  }
}

function because(why: string): string {
  return `${why}; vigia matches in a time that no answer can stretch, and can't have that: write it otherwise`
}

function compile(source: string): RE2JS {
  const { RE2JS: engine } = load('re2js') as typeof import('re2js')
  return within(COMPILE_MS, () => engine.compile(engine.translateRegExp(source)))
}

/** Again where it was ended without having had the time. @param once ends itself after `ms` @throws as `once` does */
function patiently<T>(ms: number, once: () => T): T {
  for (let tries = MOST_TRIES; ; tries -= 1) {
    const before = process.threadCpuUsage()
    try {
      return once()
    } catch (error) {
      const { user, system } = process.threadCpuUsage(before)
      if (!isTooSlow(error) || tries === 1 || (user + system) / 1000 > ms * HAD_A_CORE) throw error
    }
  }
}

/** @throws where it takes longer; then it is ended in the midst of what it does */
function within<T>(ms: number, run: () => T): T {
  frame.run = run
  try {
    return call.runInContext(frame, { timeout: ms })
  } finally {
    delete frame.run
  }
}

function isTooSlow(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
