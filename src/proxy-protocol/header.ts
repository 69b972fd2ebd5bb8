// What a PROXY header says of the connection that it begins (proxy-protocol.txt of HAProxy, versions 1 and 2), and why one is refused.

/** Both ends of the connection that somebody in front of this one has taken. */
export interface ProxiedAddresses {
  /** The client, in the spelling of `parseAddress`. */
  readonly source: string
  readonly sourcePort: number
  /** Where the client connected to, in the same spelling; it may be of the other family where IPv4 is written inside IPv6. */
  readonly destination: string
  readonly destinationPort: number
}

export interface ProxyHeader {
  readonly version: 1 | 2
  /**
   * Undefined = the connection's own count: the sender speaks for itself (LOCAL), knows none (UNKNOWN, UNSPEC), or has some that are no
   * TCP over IP (2.2 lets a receiver treat these alike).
   */
  readonly addresses: ProxiedAddresses | undefined
  readonly details: ProxyDetails
}

/** The TLVs that are read (2.2.1 to 2.2.6); undefined = not there. */
export interface ProxyDetails {
  /** Protocol of the connection's bytes, as ALPN names it. */
  readonly alpn?: string
  /** Host name that the client asked for (SNI). */
  readonly authority?: string
  /** Of the connection, 1 to 128 bytes. */
  readonly uniqueId?: Buffer
  readonly ssl?: ProxySsl
}

export interface ProxySsl {
  /** The client speaks TLS with the sender. */
  readonly secure: boolean
  /** It has presented a certificate, and that was verified. */
  readonly verified: boolean
  /** `TLSv1.3` */
  readonly version?: string
  /** Common name of the client's certificate. */
  readonly commonName?: string
}

export const NO_DETAILS: ProxyDetails = {}

/**
 * no-header: the bytes begin otherwise; malformed: it breaks a rule of its version; too-long: more than a header may have; bad-checksum: its
 * CRC32C is another one.
 */
export const HEADER_FAULTS = ['no-header', 'malformed', 'too-long', 'bad-checksum'] as const
export type HeaderFault = (typeof HEADER_FAULTS)[number]

/** Why a connection is ended before a byte behind its header is looked at; `untrusted` = who sends it is not to send one. */
export const HEADER_REFUSALS = [...HEADER_FAULTS, 'incomplete', 'timeout', 'untrusted'] as const
export type HeaderRefusal = (typeof HEADER_REFUSALS)[number]

/** Whether the client speaks TLS with the sender, who has ended it. Where nothing is said of it (version 1), port 443 says it. */
export function isSecure({ addresses, details }: ProxyHeader): boolean {
  return details.ssl ? details.ssl.secure : addresses?.destinationPort === 443
}
