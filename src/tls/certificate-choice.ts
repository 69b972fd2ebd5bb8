// Which certificates a listener shows to a client that names a host (SNI): those that name it exactly, else those of a wildcard, else the
// default ones. Of each kind of key one, so that each client gets a kind that it understands.

/** What decides, of a certificate. */
export interface NamedCertificate {
  /** Lower case; a wildcard is `*.example.com`. */
  readonly names: readonly string[]
  readonly keyType: string
  /** For clients that name no host, or one that no certificate has. */
  readonly isDefault: boolean
}

export class CertificateChoice<C extends NamedCertificate> {
  readonly #byName = new Map<string, readonly C[]>()
  readonly #default: readonly C[]

  /** @param certificates in the order in which they are preferred */
  constructor(certificates: readonly C[]) {
    // Names of the same certificates share one list, so that it can stand for them.
    const lists = new Map<string, readonly C[]>()
    const listOf = (candidates: readonly C[]): readonly C[] => {
      const list = oneOfEachKind(candidates)
      const key = list.map(each => certificates.indexOf(each)).join()
      const known = lists.get(key)
      if (!known) lists.set(key, list)
      return known ?? list
    }
    const names = new Set(certificates.flatMap(each => each.names))
    for (const name of names) this.#byName.set(name, listOf(certificates.filter(each => each.names.includes(name))))
    const marked = certificates.filter(each => each.isDefault)
    this.#default = listOf(marked.length > 0 ? marked : certificates)
  }

  /** @param serverName as the client sent it; undefined = it sent none @returns the same list for the same certificates; empty = there are none */
  of(serverName: string | undefined): readonly C[] {
    if (serverName === undefined) return this.#default
    const name = serverName.toLowerCase()
    const dot = name.indexOf('.')
    // RFC 6125 6.4.3: the star stands for one label.
    const wildcard = dot > 0 ? this.#byName.get(`*${name.slice(dot)}`) : undefined
    return this.#byName.get(name) ?? wildcard ?? this.#default
  }
}

function oneOfEachKind<C extends NamedCertificate>(certificates: readonly C[]): readonly C[] {
  return certificates.filter(({ keyType }, i) => certificates.findIndex(each => each.keyType === keyType) === i)
}
