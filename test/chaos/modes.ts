// What a chaos upstream can be told to do, and what it writes into its journal. Types only: shared by the program and by who steers it.

/** How an upstream behaves until it is told otherwise. `probes`: whether health checks suffer as well. */
export type Mode =
  | { readonly kind: 'well' }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly probes: boolean }
  /** Breaks off this share of the requests: before they are whole, without a byte, within the head or within the body of the answer. */
  | {
      readonly kind: 'reset'
      readonly where: 'in-request' | 'before-head' | 'in-head' | 'in-body'
      /** By RST; else by FIN. */
      readonly hard: boolean
      readonly share: number
      readonly probes: boolean
    }
  | { readonly kind: 'garbage'; readonly share: number; readonly probes: boolean }
  /** Ends each connection some time after an answer. `announced`: by `Connection: close` on the answer. */
  | { readonly kind: 'idle-close'; readonly announced: boolean; readonly withinMs: number }
  /** Closes its port and every connection. */
  | { readonly kind: 'refuse' }
  /** Takes everything, answers nothing: half-open. Its connections are reset when it comes to itself. */
  | { readonly kind: 'mute' }
  /** Sends FIN instead of an answer, and goes on reading. */
  | { readonly kind: 'half-closed' }

export interface NodeSetup {
  readonly name: string
  readonly port: number
  /** Append-only, one JSON line for each event; it outlives the process. */
  readonly journal: string
  /** Folder that all upstreams share: one file for each key that was carried out. */
  readonly keys: string
  /** 0 = connections are kept for ever and nothing is announced. */
  readonly keepAliveMs: number
}

/** `begin`: a head has come; then either `whole` (for an unsafe request: carried out) or `partial`; `answered`: before its bytes leave. */
export interface JournalLine {
  readonly event: 'begin' | 'whole' | 'partial' | 'answered'
  readonly atMs: number
  readonly node: string
  readonly id: string
  readonly method: string
  readonly key?: string
  readonly bytes?: number
}

export type ToNode = { readonly mode: Mode; readonly order: number }
export type FromNode = { readonly listening: true } | { readonly done: number }

/** The body that belongs to a request: so a byte of another answer, or a missing one, shows. */
export function bodyOf(id: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${id}/`, 'latin1')
}
