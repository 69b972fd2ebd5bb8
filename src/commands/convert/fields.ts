// Fields that other products set and remove, as the `headers` of a route.

import { below, type Route } from './draft.ts'

export type Way = 'request' | 'response'

/** @param value as vigia has it: variables in braces */
export function setField(route: Route, way: Way, name: string, value: string): void {
  const set = below(below(below(route.keys, 'headers'), way), 'set')
  set[name] = value
}

export function removeField(route: Route, way: Way, name: string): void {
  const part = below(below(route.keys, 'headers'), way)
  part.remove = [...new Set([...((part.remove as string[] | undefined) ?? []), name])]
}

/**
 * A value with variables as vigia has it; undefined where it has none of that meaning.
 * @param variable finds those of the other product @param named what each of them is in vigia; undefined = vigia has none
 */
export function templateOf(
  value: string,
  variable: RegExp,
  named: (name: string) => string | undefined,
): string | undefined {
  let text = ''
  let at = 0
  for (const match of value.matchAll(variable)) {
    const meant = named((match[1] ?? match[2] ?? '').toLowerCase())
    if (meant === undefined) return undefined
    text += value.slice(at, match.index).replaceAll('{', '{{') + meant
    at = match.index + match[0].length
  }
  return text + value.slice(at).replaceAll('{', '{{')
}

/** `max-age=31536000; includeSubDomains; preload` as `hsts` of a listener; undefined = it says something else. */
export function hstsOf(value: string): Record<string, unknown> | undefined {
  const parts = value
    .split(';')
    .map(part => part.trim().toLowerCase())
    .filter(part => part !== '')
  const age = parts.map(part => /^max-age="?(\d{1,10})"?$/.exec(part)?.[1]).find(found => found !== undefined)
  if (age === undefined || parts.some(part => !/^max-age=|^includesubdomains$|^preload$/.test(part))) return undefined
  const seconds = Number(age)
  const days = Math.min(999_999, Math.round(seconds / 86_400))
  return {
    maxAge:
      seconds === 0
        ? 0
        : seconds % 86_400 === 0 && seconds > 0
          ? `${days}d`
          : seconds < 1_000_000
            ? `${seconds}s`
            : `${days}d`,
    ...(parts.includes('includesubdomains') ? { includeSubDomains: true } : {}),
    ...(parts.includes('preload') ? { preload: true } : {}),
  }
}
