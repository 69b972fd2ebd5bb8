// Arbitrary byte streams that look like HTTP/1.1 often enough to reach every branch: pieces that are right, pieces that are wrong.

import fc from 'fast-check'

const method = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'get',
  'G@T',
  'FOO',
  'CONNECT',
  '',
  'M-SEARCH',
  'BCOPY',
  'RPC_IN_DATA',
)
const target = fc.constantFrom(
  '/',
  '/a?b=c',
  '/%zz',
  '*',
  'http://h/x',
  'http://h',
  'https://u@h/',
  'h:80',
  '/a b',
  '/\u00e9',
  '//x',
  '/#f',
  '/a\tb',
  '?x',
  '',
)
const version = fc.constantFrom(
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/1.2',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP/11',
  '',
)
const lineEnd = fc.constantFrom(
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\n\r\n',
  '\0\r\n',
)

const field = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'Host: h',
      'Accept: */*',
      'Connection: keep-alive',
      'Connection: close',
      'X-A: b',
      'Cookie: a=b; c=d',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        'Content-Length: 5',
        'Content-Length: 0',
        'content-length:5',
        'Content-Length: 3',
        'Content-Length: +5',
        'Content-Length: 5, 5',
        'Content-Length: 0x5',
      ],
      ...[
        'Content-Length: ',
        'Content-Length: 5 5',
        'Content-Length: -1',
        'Content-Length: 99999999999999999999',
        'Content-Length: 05',
        'Content-Length:\t5 \t',
      ],
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        'Transfer-Encoding: chunked',
        'transfer-encoding: Chunked',
        'Transfer-Encoding: gzip, chunked',
        'Transfer-Encoding: chunked, chunked',
        'Transfer-Encoding: xchunked',
      ],
      ...[
        'Transfer-Encoding: chunked, identity',
        'Transfer-Encoding : chunked',
        'Transfer-Encoding:\x0bchunked',
        'Transfer-Encoding: "chunked"',
        'Transfer-Encoding: chunked;q=1',
        'Transfer_Encoding: chunked',
      ],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ' folded: x',
      '\tfolded',
      'no-colon',
      ': empty',
      'a b: c',
      'X: \x01',
      'X: \x7f',
      'X: \u00e9\u00ff',
      'X:',
      'X:  y  ',
      'Host: h:80',
      'Host: h:',
      'X-A : b',
      'X-A\t: b',
      'Max-Forwards: 3',
      'Max-Forwards: x',
      'Host: ',
      'Host: a,b',
      'Expect: 100-continue',
      'TE: trailers',
      'Trailer: X',
    ),
  },
)

const chunk = fc.constantFrom(
  '5\r\nhello\r\n',
  '3\r\nabc\r\n',
  '0005\r\nhello\r\n',
  '5;x=y\r\nhello\r\n',
  '5;x="a;b"\r\nhello\r\n',
  '5 ; x = y\r\nhello\r\n',
  '5\t;x=y\r\nhello\r\n',
  '5;\r\nhello\r\n',
  '5;;x=y\r\nhello\r\n',
  '5;x=\r\nhello\r\n',
  '5;@\r\nhello\r\n',
  '5;x="a\r\nhello\r\n',
  'A\r\n0123456789\r\n',
  '5 \r\nhello\r\n',
  ' 5\r\nhello\r\n',
  '5\nhello\r\n',
  '5\r\nhelloX',
  '-5\r\nhello\r\n',
  '0x5\r\nhello\r\n',
  'g\r\n',
  '\r\n',
  '5\r\nhell\r\n',
  '5;\x00\r\nhello\r\n',
  '5\r\nhello\n',
  'fffffffffffffffff\r\n',
  '5;a\rb\r\nhello\r\n',
)
const ending = fc.constantFrom(
  '0\r\n\r\n',
  '0\r\n\r\n',
  '0\r\nX: y\r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\n\n',
  '0\r\n',
  '0\r\n x: y\r\n\r\n',
  '00\r\n\r\n',
  '0;ext\r\n\r\n',
  '0\r\nX\r\n\r\n',
)
const chunks = fc.tuple(fc.array(chunk, { maxLength: 3 }), ending).map(([some, end]) => some.join('') + end)
const body = fc.oneof(fc.constantFrom('', 'hello', 'abc', 'hel'), chunks)

const fieldLines = fc
  .array(fc.tuple(field, lineEnd), { maxLength: 5 })
  .map(lines => lines.map(line => line.join('')).join(''))
const startLine = fc.tuple(method, target, version).map(parts => parts.join(' '))
const goodStart = fc.constantFrom('POST /x HTTP/1.1', 'GET / HTTP/1.1', 'PUT /y HTTP/1.0')
const blank = fc.constantFrom('', '', '', '', '', '\r\n', '\r\n\r\n', '\n')

const request = fc
  .tuple(
    blank,
    fc.oneof({ weight: 3, arbitrary: goodStart }, { weight: 1, arbitrary: startLine }),
    lineEnd,
    fc.constantFrom('Host: h\r\n', 'Host: h\r\n', 'Host: h\r\n', ''),
    fieldLines,
    lineEnd,
    body,
  )
  .map(parts => parts.join(''))

/** One to three requests on one connection. */
export const requestStream = fc
  .array(request, { minLength: 1, maxLength: 3 })
  .map(parts => Buffer.from(parts.join(''), 'latin1'))

const statusLine = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.0 200 OK',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 304 Not Modified',
      'HTTP/1.1 100 Continue',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'HTTP/1.1 200',
      'HTTP/1.1 99 x',
      'HTTP/1.1 0200 OK',
      'HTTP/1.1 2000',
      'HTTP/2 200 OK',
      'HTTP/1.1  200 OK',
      'HTTP/1.1 20x OK',
      ' HTTP/1.1 200 OK',
      'HTTP/1.1 200 \u00e9',
      'HTTP/1.1 200 a\0b',
      'HTTP/1.1 600 x',
      'HTTP/1.1 999 x',
      'HTTP/1.2 200 OK',
      '',
    ),
  },
)
const response = fc.tuple(statusLine, lineEnd, fieldLines, lineEnd, body).map(parts => parts.join(''))
export const responseStream = fc
  .array(response, { minLength: 1, maxLength: 2 })
  .map(parts => Buffer.from(parts.join(''), 'latin1'))

export const cuts = fc.array(fc.nat(400), { maxLength: 6 })
