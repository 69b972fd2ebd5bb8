// A strict reader of HTTP/1.1 messages for tests, written apart from src/http1 so that neither hides the other's faults.
// It repairs nothing: what RFC 9112 does not allow throws. It knows whole messages in a buffer only.

export type Field = readonly [name: string, value: string]

export interface Message {
  readonly startLine: string
  /** In order, names as they came. */
  readonly fields: readonly Field[]
  readonly body: Buffer
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  readonly chunkSizes: readonly number[]
  readonly trailers: readonly Field[]
  /** The message exactly as it came. */
  readonly bytes: Buffer
}

export interface RequestMessage extends Message {
  readonly method: string
  readonly target: string
  readonly version: string
}

export interface ResponseMessage extends Message {
  readonly version: string
  readonly status: number
  readonly reason: string
}

export interface Head {
  readonly startLine: string
  readonly fields: readonly Field[]
  /** Bytes up to and including the empty line. */
  readonly headBytes: number
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** All values of a field, joined as a list; undefined where it does not occur. */
export function field(message: { readonly fields: readonly Field[] }, name: string): string | undefined {
  const values = allOf(message.fields, name)
  return values.length === 0 ? undefined : values.join(', ')
}

export function allOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** The head at the start of `bytes`; undefined while its end has not come. */
export function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  if (!VALUE.test(startLine)) throw new Error(`start line holds control characters: ${JSON.stringify(startLine)}`)
  return { startLine, fields: lines.map(readField), headBytes: end + 4 }
}

/** The request at the start of `bytes`; undefined while it is incomplete. */
export function readRequest(bytes: Buffer): RequestMessage | undefined {
  const head = readHead(bytes)
  if (head === undefined) return undefined
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/(1\.[01])$/.exec(head.startLine)
  if (match === null) throw new Error(`not a request line: ${JSON.stringify(head.startLine)}`)
  const content = readContent(bytes, head, false, true)
  if (content === undefined) return undefined
  return { ...content, method: match[1]!, target: match[2]!, version: match[3]! }
}

/**
 * The response at the start of `bytes`; undefined while it is incomplete.
 * @param method of the request it answers
 * @param ended no more bytes will come, and the end was a clean one
 */
export function readResponse(bytes: Buffer, method: string, ended: boolean): ResponseMessage | undefined {
  const head = readHead(bytes)
  if (head === undefined) return undefined
  const match = /^HTTP\/(1\.[01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(head.startLine)
  if (match === null) throw new Error(`not a status line: ${JSON.stringify(head.startLine)}`)
  const status = Number(match[2])
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const content = readContent(bytes, head, bodiless, false, ended)
  if (content === undefined) return undefined
  return { ...content, version: match[1]!, status, reason: match[3]! }
}

/** Throws where a response without a body announces one (RFC 9110 8.6, RFC 9112 6.1): senders must not, readers may bear it. */
export function checkAnnouncement({ status, fields }: ResponseMessage): void {
  const announced = [...allOf(fields, 'content-length'), ...allOf(fields, 'transfer-encoding')]
  if ((status < 200 || status === 204) && announced.length > 0) throw new Error(`a ${status} must not announce a body`)
}

function readField(line: string): Field {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon)
  if (colon < 1 || !TOKEN.test(name)) throw new Error(`not a field: ${JSON.stringify(line)}`)
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
  if (!VALUE.test(value)) throw new Error(`field holds control characters: ${JSON.stringify(line)}`)
  return [name, value]
}

function readContent(
  bytes: Buffer,
  head: Head,
  bodiless: boolean,
  isRequest: boolean,
  ended = false,
): Message | undefined {
  const { startLine, fields, headBytes } = head
  const lengths = allOf(fields, 'content-length')
  const codings = allOf(fields, 'transfer-encoding')
  if (lengths.length > 1 || codings.length > 1 || lengths.length + codings.length > 1)
    throw new Error(`ambiguous framing: ${JSON.stringify([...lengths, ...codings])}`)
  const plain = { startLine, fields, chunkSizes: [], trailers: [] }
  if (bodiless) return { ...plain, body: Buffer.alloc(0), framing: 'none', bytes: bytes.subarray(0, headBytes) }
  if (codings.length === 1) {
    if (codings[0]!.toLowerCase() !== 'chunked') throw new Error(`unknown transfer coding: ${codings[0]}`)
    return readChunked(bytes, head)
  }
  if (lengths.length === 1) {
    if (!/^\d+$/.test(lengths[0]!)) throw new Error(`not a length: ${lengths[0]}`)
    const end = headBytes + Number(lengths[0])
    if (bytes.length < end) return undefined
    return { ...plain, body: bytes.subarray(headBytes, end), framing: 'length', bytes: bytes.subarray(0, end) }
  }
  if (isRequest) return { ...plain, body: Buffer.alloc(0), framing: 'none', bytes: bytes.subarray(0, headBytes) }
  if (!ended) return undefined
  return { ...plain, body: bytes.subarray(headBytes), framing: 'close', bytes }
}

function readChunked(bytes: Buffer, head: Head): Message | undefined {
  const parts: Buffer[] = []
  const chunkSizes: number[] = []
  let at = head.headBytes
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const line = bytes.toString('latin1', at, lineEnd)
    if (!/^[0-9a-fA-F]+$/.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    at = lineEnd + 2
    if (size === 0) break
    if (bytes.length < at + size + 2) return undefined
    if (bytes.toString('latin1', at + size, at + size + 2) !== '\r\n')
      throw new Error('chunk data does not end in CRLF')
    parts.push(bytes.subarray(at, at + size))
    chunkSizes.push(size)
    at += size + 2
  }
  const trailers: Field[] = []
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const line = bytes.toString('latin1', at, lineEnd)
    at = lineEnd + 2
    if (line === '') break
    trailers.push(readField(line))
  }
  const { startLine, fields } = head
  const body = Buffer.concat(parts)
  return { startLine, fields, body, framing: 'chunked', chunkSizes, trailers, bytes: bytes.subarray(0, at) }
}
