// What `vigia logs --filter` selects: terms such as `status=5xx pool=erp slower=500ms`, all of which a line has to fit. Pure.

import { parseDuration } from '../../config/forms/units.ts'
import { didYouMean } from '../../util/nearest.ts'
import { isPlainEnd, type LogEntry } from './entry.ts'

export interface Filter {
  fits(entry: LogEntry): boolean
  /** A line that fits has all of these in it: most lines need not be parsed. */
  readonly needles: readonly string[]
}

type Test = (entry: LogEntry) => boolean

/** Names of terms, and the fields that they look at. */
const FIELDS = {
  id: 'requestId',
  trace: 'traceId',
  pool: 'pool',
  upstream: 'upstream',
  route: 'route',
  listener: 'listener',
  client: 'client',
  method: 'method',
  host: 'host',
  path: 'path',
  end: 'end',
  cache: 'cache',
  protocol: 'protocol',
} as const satisfies Record<string, keyof LogEntry>
/** Terms without a value. */
const WORDS: Readonly<Record<string, Test>> = {
  errors: entry => !isPlainEnd(entry),
  retried: ({ attempts }) => attempts > 1,
  own: ({ upstream, cache }) => upstream === '' && !cache.startsWith('hit'),
}
const TERM = /^([a-z]+)(!?=)(.+)$/s

export const FILTER_WORDS = [...Object.keys(FIELDS), 'status', 'slower', 'attempts']

/** @returns what is wrong with it, one line, where it is none */
export function parseFilter(texts: readonly string[]): Filter | string {
  const tests: Test[] = []
  const needles: string[] = []
  for (const term of texts.flatMap(termsOf)) {
    const word = WORDS[term]
    if (word !== undefined) {
      tests.push(word)
      continue
    }
    const [, name = '', operator, value = ''] = TERM.exec(term) ?? []
    if (operator === undefined)
      return `${JSON.stringify(term)} is no filter: NAME=VALUE, such as status=5xx${didYouMean(term, Object.keys(WORDS))}`
    const test = testOf(name, value)
    if (typeof test === 'string') return test
    const isNot = operator === '!='
    tests.push(isNot ? entry => !test(entry) : test)
    const needle = isNot ? undefined : needleOf(name, value)
    if (needle !== undefined) needles.push(needle)
  }
  return { fits: entry => tests.every(test => test(entry)), needles }
}

/** Split at spaces, but for those in double quotes, which are taken off. */
function termsOf(text: string): string[] {
  return (text.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map(term => term.replaceAll('"', ''))
}

function testOf(name: string, value: string): Test | string {
  switch (name) {
    case 'status':
      return statusTest(value)
    case 'slower': {
      const ms = parseDuration(value)
      if (ms === undefined) return `slower=${value}: a length of time is expected, such as 500ms or 2s`
      return ({ totalMs }) => totalMs >= ms
    }
    case 'attempts': {
      if (!/^\d{1,3}$/.test(value)) return `attempts=${value}: a number is expected: at least so many`
      return ({ attempts }) => attempts >= Number(value)
    }
    case 'upstream':
      return anyOf(value, ({ pool, upstream }) => [upstream, `${pool}/${upstream}`])
    default: {
      const field = FIELDS[name as keyof typeof FIELDS]
      if (field === undefined)
        return `there is no filter ${JSON.stringify(name)}${didYouMean(name, FILTER_WORDS)}: ${FILTER_WORDS.join(', ')}, or ${Object.keys(WORDS).join(', ')} alone`
      return anyOf(value, entry => [entry[field]])
    }
  }
}

/** `404`, `5xx`, `500-503`, several with commas. */
function statusTest(value: string): Test | string {
  const ranges = value.split(',').map(part => {
    const [, first = '', second] = /^(\d{1,3}|[1-9]xx)(?:-(\d{3}))?$/i.exec(part) ?? []
    if (/xx$/i.test(first))
      return second === undefined ? ([Number(first[0]) * 100, Number(first[0]) * 100 + 99] as const) : undefined
    return first === '' ? undefined : ([Number(first), Number(second ?? first)] as const)
  })
  if (ranges.includes(undefined))
    return `status=${value}: a status is expected, a class such as 5xx, or a range such as 500-503`
  return ({ status }) => ranges.some(range => range !== undefined && status >= range[0] && status <= range[1])
}

/** One of the values, separated by commas; a `*` in one stands for any characters. */
function anyOf(value: string, of: (entry: LogEntry) => readonly string[]): Test {
  const wanted = value.split(',').map(matcher)
  return entry => of(entry).some(found => wanted.some(matches => matches(found)))
}

function matcher(value: string): (found: string) => boolean {
  if (!value.includes('*')) return found => found === value
  const pieces = value.split('*')
  const last = pieces.at(-1)!
  return found => {
    let at = pieces[0]!.length
    if (!found.startsWith(pieces[0]!)) return false
    for (const piece of pieces.slice(1, -1)) {
      const next = found.indexOf(piece, at)
      if (next === -1) return false
      at = next + piece.length
    }
    return found.length - last.length >= at && found.endsWith(last)
  }
}

/** As the log writes it; undefined = there is more than one text that fits. */
function needleOf(name: string, value: string): string | undefined {
  const field = FIELDS[name as keyof typeof FIELDS]
  if (field === undefined || /[*,/]/.test(value)) return undefined
  return `"${field}":${JSON.stringify(value)}`
}
