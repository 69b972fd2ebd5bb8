// Most routes and pools of a large site say the same of timeouts, buffers, health and so on. What is equal becomes one object here: each
// thread gets a copy of the snapshot, and in a copy one object stays one. It is plain data, which nobody changes.

/** @returns a copy of a plan in which each part (or part of `match`) that equals an earlier one, of whatever plan, is that */
export function oneForEqual(): <Plan extends object>(plan: Plan) => Plan {
  const known = new Map<string, unknown>()
  const ones = new Set<unknown>()
  const one = (part: unknown) => {
    if (typeof part !== 'object' || part === null || ones.has(part)) return part
    const key = keyOf(part)
    if (!known.has(key)) {
      known.set(key, part)
      ones.add(part)
    }
    return known.get(key)
  }
  const inside = <Plan extends object>(plan: Plan): Plan => {
    const copy = { ...plan } as Record<string, unknown>
    for (const [name, part] of Object.entries(plan)) copy[name] = name === 'match' ? inside(part) : one(part)
    return copy as Plan
  }
  return inside
}

/** The same for equal values alone. JSON has no word for Infinity, which is what `never` becomes. */
function keyOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`
  return `{${Object.entries(value)
    .map(([name, each]) => `${JSON.stringify(name)}:${keyOf(each)}`)
    .join()}}`
}
