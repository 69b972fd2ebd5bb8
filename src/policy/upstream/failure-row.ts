// Transport failures in a row, and whose requests met them: what one client's requests provoke (uploads that a server refuses by
// a reset, a cookie that it finds too large) must not take an upstream from all others. So one client counts for at most half of
// what ejects. A failure before any byte of a request was sent is nobody's doing: it always counts.

/** A failure below HTTP. */
export interface TransportFailure {
  /** One line. */
  readonly error: string
  /** Key of the client whose request met it (client-key.ts); undefined = nothing of the request had been sent. */
  readonly client: string | undefined
  /** The request has failed on another upstream in the same way: it is the likelier cause. */
  readonly provoked: boolean
}

export interface FailureRow {
  /** Failures that count. */
  readonly count: number
  /** How many of them each client has; no more clients than failures. */
  readonly byClient: ReadonlyMap<string, number>
}

export const NO_FAILURES: FailureRow = { count: 0, byClient: new Map() }

/** @param enough so many eject: a row never gets longer */
export function addFailure(row: FailureRow, { client, provoked }: TransportFailure, enough: number): FailureRow {
  if (provoked || row.count >= enough) return row
  if (client === undefined) return { ...row, count: row.count + 1 }
  const own = row.byClient.get(client) ?? 0
  if (own >= Math.ceil(enough / 2)) return row
  return { count: row.count + 1, byClient: new Map(row.byClient).set(client, own + 1) }
}

/** Whether it can't be one client's requests alone that fail. */
export function isNotOneClients({ count, byClient }: FailureRow): boolean {
  if (byClient.size > 1) return true
  const [own = 0] = byClient.values()
  return count > own
}
