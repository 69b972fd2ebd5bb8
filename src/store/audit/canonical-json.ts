// One spelling for each value, so that a hash over it means the value. Keys are sorted, what JSON can't say is left out.

/** `null` where JSON has no word for the value itself. Throws on a cycle, as JSON.stringify does. */
export function canonicalJson(value: unknown): string {
  return storable(JSON.stringify(value, sorted) ?? 'null')
}

/** What SQLite gives back unchanged: it knows neither half surrogate pairs nor a NUL within a text. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
