// Answers of an upstream that are no whole ones: for tests that stream them, and for those in which they wait for their client.

export type Case = readonly [name: string, bytes: string]

/** Bodies; their heads say `Transfer-Encoding: chunked`. */
export const MALFORMED_CHUNKS: readonly Case[] = [
  ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
  ['a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a space before', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a space after', '5 \r\nhello\r\n0\r\n\r\n'],
  ['too many digits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
  ['no CRLF after the data', '5\r\nhello0\r\n\r\n'],
  ['LF after the data', '5\r\nhello\n0\r\n\r\n'],
  ['data longer than the size', '3\r\nhello\r\n0\r\n\r\n'],
  ['a control character in an extension', '5;\x01\r\nhello\r\n0\r\n\r\n'],
  ['an empty extension', '5;\r\nhello\r\n0\r\n\r\n'],
  ['junk in the place of an extension', '5;@\r\nhello\r\n0\r\n\r\n'],
  ['a malformed trailer', '5\r\nhello\r\n0\r\nX A: b\r\n\r\n'],
  ['a bare LF as the end', '5\r\nhello\r\n0\r\n\n'],
]

/** What an upstream says before it breaks off, of a head. */
export const CUT_HEADS: readonly Case[] = [
  ['before any byte', ''],
  ['within the status line', 'HTTP/1.1 20'],
  ['within the fields', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['before the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'],
]

/** What an upstream says before it breaks off, of a body. */
export const CUT_BODIES: readonly Case[] = [
  ['short of its Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'],
  ['with no byte of its Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
  ['between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['before the first chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['within a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'],
  ['within the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n'],
  ['within the trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n'],
]
