// Which names a DNS server is asked for where a configuration says one: resolver(5), `search` and `ndots`.

export interface SearchRules {
  /** Domains that are put behind a name, in order. */
  readonly search: readonly string[]
  /** A name with at least as many dots is asked for as it is before the domains are tried. */
  readonly ndots: number
}

const LONGEST_NAME = 253

/** In the order in which they are asked for; the first that has an address counts. @param name without a dot at its end */
export function searchList(name: string, { search, ndots }: SearchRules): string[] {
  const dots = name.split('.').length - 1
  const longer = search.map(domain => `${name}.${domain}`)
  const all = dots >= ndots ? [name, ...longer] : [...longer, name]
  return [...new Set(all)].filter(each => each.length <= LONGEST_NAME)
}
