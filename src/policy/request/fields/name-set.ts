// Names of fields, each of them whole or, with a * at its end, all that begin so.

export class NameSet {
  readonly #whole = new Set<string>()
  readonly #beginnings: string[] = []

  /** @param names lower case */
  constructor(names: Iterable<string>) {
    for (const name of names) {
      if (name.endsWith('*')) this.#beginnings.push(name.slice(0, -1))
      else this.#whole.add(name)
    }
  }

  /** @param name lower case */
  hasWhole(name: string): boolean {
    return this.#whole.has(name)
  }

  /** @param name lower case */
  has(name: string): boolean {
    return this.#whole.has(name) || this.#beginnings.some(beginning => name.startsWith(beginning))
  }
}
