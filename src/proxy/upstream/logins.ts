// The connections to upstreams on which one client has logged in (http/login-schemes.ts): they serve the requests of that client's
// connection only, and end with it. Whoever carries a client's requests has one of these, from its first login on.

export class Logins<Upstream extends object, Connection extends { abandon(): void }> {
  /** At most one on each upstream, idle. One that carries a request is not here. */
  readonly #idle = new Map<Upstream, Connection>()
  #ended = false

  /** The one of these upstreams on which it is logged in; undefined = none of them. */
  among<Member extends Upstream>(pool: readonly Member[]): Member | undefined {
    return pool.find(upstream => this.#idle.has(upstream))
  }

  /** The connection for the next request to `upstream`; those to the others of its pool end: the client logs in anew. */
  take(upstream: Upstream, pool: readonly Upstream[]): Connection | undefined {
    const own = this.#idle.get(upstream)
    this.#idle.delete(upstream)
    for (const [other, connection] of [...this.#idle]) if (pool.includes(other)) connection.abandon()
    return own
  }

  /** Its request is answered: it waits for the client's next one. */
  keep(upstream: Upstream, connection: Connection): void {
    if (this.#ended) return connection.abandon()
    // Two requests of the client at once, as HTTP/2 has them.
    const other = this.#idle.get(upstream)
    this.#idle.set(upstream, connection)
    other?.abandon()
  }

  /** It is closed. */
  forget(upstream: Upstream, connection: Connection): void {
    if (this.#idle.get(upstream) === connection) this.#idle.delete(upstream)
  }

  /** The client has gone. */
  end(): void {
    this.#ended = true
    for (const connection of [...this.#idle.values()]) connection.abandon()
  }
}
