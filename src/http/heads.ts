// The heads of requests and responses as data, whatever carried them.

import type { BodyLength } from './body.ts'
import type { Fields } from './fields.ts'

/** What Connection, Upgrade and Keep-Alive ask for. */
export interface ConnectionOptions {
  readonly close: boolean
  readonly keepAlive: boolean
  /** Lower-case names of further fields that are for this hop only; undefined = none. */
  readonly nominated: readonly string[] | undefined
  /** Protocols of Upgrade, where Connection nominates it; without h2c of any version, which vigia does not carry. */
  readonly upgrade: string | undefined
}

/** What the fields of a request say. Two requests with the same bytes of fields share one object. */
export interface RequestFields {
  readonly fields: Fields
  /** Value of Host, undefined only with HTTP/1.0. */
  readonly host: string | undefined
  /** Name in `host`: lower case, no port; '' where there is none. */
  readonly hostName: string
  readonly length: BodyLength
  readonly options: ConnectionOptions
  readonly expectsContinue: boolean
  /** It brings credentials that log in the connection it goes on (login-schemes.ts). */
  readonly login: boolean
  /** Value of Max-Forwards (RFC 9110 7.6.2); undefined = there is none, NaN = it is malformed or repeated. */
  readonly maxForwards: number | undefined
}

export interface RequestHead {
  readonly method: string
  /** Origin-form, or `*`: what goes to the upstream. */
  readonly target: string
  /** Of HTTP/1: 0 knows neither interim responses, chunked bodies nor upgrades; 1 stands for every later version. */
  readonly minor: 0 | 1
  readonly meaning: RequestFields
  /** Host to forward and to route by: of an absolute-form target, else of the Host field; undefined only with HTTP/1.0. */
  readonly host: string | undefined
  /** Name in `host`: lower case, no port; '' where there is none. */
  readonly hostName: string
}

export interface ResponseHead {
  /** 100 to 999: what is above 599 counts as one of 500 to 599 (RFC 9110 15). */
  readonly status: number
  readonly reason: string
  readonly minor: 0 | 1
  readonly fields: Fields
  /** What the fields say; whether there is a body at all depends on the request too: `responseLength`. */
  readonly length: BodyLength
  readonly options: ConnectionOptions
  /** Value of Keep-Alive, e.g. `timeout=5`. */
  readonly keepAlive: string | undefined
  /** Only for who writes it: the text that its fields had on the wire before; undefined = it has not been written yet. */
  written: WrittenFields | undefined
  /** The same as a part of a header block of HTTP/2. */
  encoded: WrittenFields | undefined
}

export interface WrittenFields {
  readonly text: string
  /** Strict-Transport-Security, which is not in `text`: where the listener has one, that goes out in its place. '' = none. */
  readonly hsts: string
  readonly hasRequestId: boolean
  readonly hasDate: boolean
}

/** Status of the response after which a connection carries another protocol. */
export const SWITCHING_PROTOCOLS = 101
