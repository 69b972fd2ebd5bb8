// What a ClientHello asks for (RFC 8446 4.1.2), read before the handshake begins: OpenSSL would tell it, but node:tls then takes over one
// certificate only from the context that is chosen by it, and a listener may have two kinds side by side. Reads no more than it needs and
// judges nothing: what is malformed is for OpenSSL to refuse, with the right alert.

export interface ClientHello {
  /** Host that is asked for (RFC 6066 3), lower case; undefined = none. */
  readonly serverName: string | undefined
  /** Offered by ALPN (RFC 7301), in the client's order. */
  readonly protocols: readonly string[]
}

/** Type of a TLS record that holds a handshake message. */
export const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const ALPN = 16
const HOST_NAME = 0
const RECORD_HEAD = 5
const MESSAGE_HEAD = 4
/** Longer ones than that nobody sends; they count as ones that ask for nothing. */
const MOST_BYTES = 16_384
const MOST_RECORDS = 64
const NO_HELLO: Buffer = Buffer.alloc(0)
const NOTHING: ClientHello = { serverName: undefined, protocols: [] }

/** @param bytes all that has come @returns undefined = its end has not come yet */
export function readClientHello(bytes: Buffer): ClientHello | undefined {
  const message = messageIn(bytes)
  if (message === undefined) return undefined
  try {
    return extensionsOf(message)
  } catch (error) {
    if (error instanceof RangeError) return NOTHING
    throw error
  }
}

/** The ClientHello, out of the records that it takes; empty = it can't become one. */
function messageIn(bytes: Buffer): Buffer | undefined {
  const pieces: Buffer[] = []
  let size = 0
  let at = 0
  while (pieces.length < MOST_RECORDS) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return NO_HELLO
    if (bytes.length - at < RECORD_HEAD) return undefined
    const length = bytes.readUInt16BE(at + 3)
    const piece = bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length)
    pieces.push(piece)
    size += piece.length
    at += RECORD_HEAD + length
    if (size >= MESSAGE_HEAD) {
      const message = pieces.length === 1 ? piece : Buffer.concat(pieces)
      const end = MESSAGE_HEAD + message.readUIntBE(1, 3)
      if (message[0] !== CLIENT_HELLO || end > MOST_BYTES) return NO_HELLO
      if (size >= end) return message.subarray(0, end)
    }
    if (piece.length < length) return undefined
  }
  return NO_HELLO
}

/** @throws RangeError where it ends too early */
function extensionsOf(message: Buffer): ClientHello {
  // Version and random.
  let at = MESSAGE_HEAD + 2 + 32
  at += 1 + message.readUInt8(at) // legacy_session_id
  at += 2 + message.readUInt16BE(at) // cipher_suites
  at += 1 + message.readUInt8(at) // legacy_compression_methods
  // None at all: TLS 1.2 allows it.
  const end = at === message.length ? at : at + 2 + message.readUInt16BE(at)
  let serverName: string | undefined
  let protocols: readonly string[] = []
  for (at += 2; at < end; ) {
    const type = message.readUInt16BE(at)
    const length = message.readUInt16BE(at + 2)
    const extension = message.subarray(at + 4, at + 4 + length)
    if (type === SERVER_NAME) serverName = hostNameIn(extension)
    else if (type === ALPN) protocols = protocolsIn(extension)
    at += 4 + length
  }
  return { serverName, protocols }
}

function hostNameIn(list: Buffer): string | undefined {
  if (list.readUInt8(2) !== HOST_NAME) return undefined
  const name = list.toString('latin1', 5, 5 + list.readUInt16BE(3))
  return name === '' ? undefined : name.toLowerCase()
}

function protocolsIn(list: Buffer): string[] {
  const protocols: string[] = []
  for (let at = 2; at < list.length; ) {
    const length = list.readUInt8(at)
    protocols.push(list.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return protocols
}
