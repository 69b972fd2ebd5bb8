// What Cache-Control says (RFC 9111 5.2), read as strictly as somebody must who stores answers for others.

/** By name in lower case; an argument without its quotes, '' where there is none. */
export type Directives = ReadonlyMap<string, string>

const NONE: Directives = new Map()
const DIRECTIVE = /([^\s,=]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^,]*))?/g
const SECONDS = /^\d{1,10}$/
/** What counts as for ever, seconds (RFC 9111 1.2.2). */
const MOST_S = 2 ** 31

/** @param value all fields of that name as one list; undefined = there is none */
export function directivesOf(value: string | undefined): Directives {
  if (value === undefined) return NONE
  const found = new Map<string, string>()
  for (const [, name, argument = ''] of value.matchAll(DIRECTIVE)) {
    const key = name!.toLowerCase()
    const text = argument.startsWith('"') ? argument.slice(1, -1).replace(/\\(.)/g, '$1') : argument.trim()
    const before = found.get(key)
    found.set(key, before === undefined ? text : stricter(before, text))
  }
  return found
}

/** Of a directive that is repeated (RFC 9111 4.2.1). */
function stricter(a: string, b: string): string {
  if (SECONDS.test(a) && SECONDS.test(b)) return Number(a) < Number(b) ? a : b
  return SECONDS.test(a) ? b : a
}

/** A number of seconds; one that is malformed is 0 (RFC 9111 4.2.1: stale). Undefined = the directive is not there. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const text = directives.get(name)
  if (text === undefined) return undefined
  return SECONDS.test(text) ? Math.min(Number(text), MOST_S) : text !== '' && /^\d+$/.test(text) ? MOST_S : 0
}
