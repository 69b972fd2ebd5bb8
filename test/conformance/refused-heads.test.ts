// Malformed request heads (RFC 9112 2.2, 3, 5 and 11): each gets its 4xx/5xx, the connection ends, the upstream sees nothing.

import { describe, expect, test } from 'vitest'
import { expectRefused, usePair } from '../support/pair.ts'
import { exchange, RawClient } from '../support/raw-client.ts'

const pair = usePair()

/** What an attacker would like to see treated as a second request. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n'
const HOST = 'Host: a.example\r\n'

type Case = readonly [name: string, bytes: string, statuses: readonly number[]]

const START_LINES: readonly Case[] = [
  ['bare LF after the request line', `GET / HTTP/1.1\n${HOST}\r\n`, [400]],
  ['bare CR after the request line', `GET / HTTP/1.1\r${HOST}\r\n`, [400]],
  ['bare CR before CRLF in the request line', `GET / HTTP/1.1\r\r\n${HOST}\r\n`, [400]],
  ['NUL in the request line', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a leading space', ` GET / HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['two spaces after the method', `GET  / HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['two spaces after the target', `GET /  HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a tab instead of a space', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a space after the version', `GET / HTTP/1.1 \r\n${HOST}\r\n`, [400]],
  ['no target', `GET HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['no version (HTTP/0.9)', `GET /\r\n${HOST}\r\n`, [400]],
  ['no method', `/ HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['four words', `GET / x HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a method with a colon', `GE:T / HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a method with a non-ASCII byte', `G\xcbT / HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a method of 65 characters', `${'M'.repeat(65)} / HTTP/1.1\r\n${HOST}\r\n`, [501]],
  ['CONNECT in lower case', `connect / HTTP/1.1\r\n${HOST}\r\n`, [501]],
  ['a lower-case protocol name', `GET / http/1.1\r\n${HOST}\r\n`, [400]],
  ['another protocol', `GET / HTTPS/1.1\r\n${HOST}\r\n`, [400]],
  ['a version without a minor digit', `GET / HTTP/1\r\n${HOST}\r\n`, [400]],
  ['a version with two minor digits', `GET / HTTP/1.10\r\n${HOST}\r\n`, [400, 505]],
  ['a version with two major digits', `GET / HTTP/11.1\r\n${HOST}\r\n`, [400, 505]],
  ['a version with a comma', `GET / HTTP/1,1\r\n${HOST}\r\n`, [400]],
  ['version 0.9', `GET / HTTP/0.9\r\n${HOST}\r\n`, [400, 505]],
  ['version 2.0', `GET / HTTP/2.0\r\n${HOST}\r\n`, [505]],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 501, 505]],
  ['a TLS ClientHello', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n', [400]],
  ['a PROXY protocol line', `PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\nGET / HTTP/1.1\r\n${HOST}\r\n`, [400]],
]

const FIELDS: readonly Case[] = [
  ['bare LF after a field', `GET / HTTP/1.1\r\nHost: a.example\nX-A: b\r\n\r\n`, [400]],
  [
    'bare LF as the end of the head',
    `GET / HTTP/1.1\r\nHost: a.example\r\n\nGET /smuggled HTTP/1.1\r\n${HOST}\r\n`,
    [400],
  ],
  ['LF LF as the end of the head', `GET / HTTP/1.1\r\nHost: a.example\n\n`, [400]],
  ['bare CR inside a value', `GET / HTTP/1.1\r\n${HOST}X-A: b\rX-B: c\r\n\r\n`, [400]],
  ['CR CR LF after a field', `GET / HTTP/1.1\r\n${HOST}X-A: b\r\r\n\r\n`, [400]],
  ['NUL in a value', `GET / HTTP/1.1\r\n${HOST}X-A: b\0c\r\n\r\n`, [400]],
  ['NUL in a name', `GET / HTTP/1.1\r\n${HOST}X\0A: b\r\n\r\n`, [400]],
  ['another control character in a value', `GET / HTTP/1.1\r\n${HOST}X-A: b\x01c\r\n\r\n`, [400]],
  ['vertical tab in a value', `GET / HTTP/1.1\r\n${HOST}X-A: b\x0bc\r\n\r\n`, [400]],
  ['DEL in a value', `GET / HTTP/1.1\r\n${HOST}X-A: b\x7fc\r\n\r\n`, [400]],
  ['a folded line that begins with a space', `GET / HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`, [400]],
  ['a folded line that begins with a tab', `GET / HTTP/1.1\r\n${HOST}X-A: b\r\n\tc\r\n\r\n`, [400]],
  ['a folded line that hides a length', `POST / HTTP/1.1\r\n${HOST}X-A: b\r\n Content-Length: 5\r\n\r\nhello`, [400]],
  ['a folded first field', `GET / HTTP/1.1\r\n Host: a.example\r\n${HOST}\r\n`, [400]],
  ['a space before the colon', `GET / HTTP/1.1\r\n${HOST}X-A : b\r\n\r\n`, [400]],
  ['a tab before the colon', `GET / HTTP/1.1\r\n${HOST}X-A\t: b\r\n\r\n`, [400]],
  ['a space before the colon of Content-Length', `POST / HTTP/1.1\r\n${HOST}Content-Length : 5\r\n\r\nhello`, [400]],
  [
    'a space before the colon of Transfer-Encoding',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    [400],
  ],
  ['an empty name', `GET / HTTP/1.1\r\n${HOST}: b\r\n\r\n`, [400]],
  ['no colon', `GET / HTTP/1.1\r\n${HOST}X-A\r\n\r\n`, [400]],
  ['a name with a space', `GET / HTTP/1.1\r\n${HOST}X A: b\r\n\r\n`, [400]],
  ['a name with a parenthesis', `GET / HTTP/1.1\r\n${HOST}X(A): b\r\n\r\n`, [400]],
  ['a name with a slash', `GET / HTTP/1.1\r\n${HOST}X/A: b\r\n\r\n`, [400]],
  ['a name with quotes', `GET / HTTP/1.1\r\n${HOST}"X": b\r\n\r\n`, [400]],
  ['a name with a non-ASCII byte', `GET / HTTP/1.1\r\n${HOST}X-\xe9: b\r\n\r\n`, [400]],
  ['a space before the first name', `GET / HTTP/1.1\r\n Host: a.example\r\n\r\n`, [400]],
]

const HOSTS: readonly Case[] = [
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', [400]],
  ['two equal Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, [400]],
  ['two different Hosts', `GET / HTTP/1.1\r\n${HOST}Host: b.example\r\n\r\n`, [400]],
  ['two Hosts in different case', `GET / HTTP/1.1\r\n${HOST}hOST: b.example\r\n\r\n`, [400]],
  ['two Hosts with HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}Host: b.example\r\n\r\n`, [400]],
  ['a Host with a space', 'GET / HTTP/1.1\r\nHost: a.example b.example\r\n\r\n', [400]],
  ['a Host with a comma', 'GET / HTTP/1.1\r\nHost: a.example,b.example\r\n\r\n', [400]],
  ['a Host with a user', 'GET / HTTP/1.1\r\nHost: user@a.example\r\n\r\n', [400]],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n', [400]],
  ['a Host with a query', 'GET / HTTP/1.1\r\nHost: a.example?x\r\n\r\n', [400]],
  ['a Host with a fragment', 'GET / HTTP/1.1\r\nHost: a.example#x\r\n\r\n', [400]],
  ['a Host with a backslash', 'GET / HTTP/1.1\r\nHost: a.example\\x\r\n\r\n', [400]],
  ['a Host with a non-ASCII byte', 'GET / HTTP/1.1\r\nHost: \xe9.example\r\n\r\n', [400]],
  ['a port with letters', 'GET / HTTP/1.1\r\nHost: a.example:80a\r\n\r\n', [400]],
  ['a port out of range', 'GET / HTTP/1.1\r\nHost: a.example:65536\r\n\r\n', [400]],
  ['two ports', 'GET / HTTP/1.1\r\nHost: a.example:80:80\r\n\r\n', [400]],
  ['a port alone', 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n', [400]],
  ['an unclosed IPv6 bracket', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n', [400]],
  ['a colon alone', 'GET / HTTP/1.1\r\nHost: :\r\n\r\n', [400]],
  ['two colons', 'GET / HTTP/1.1\r\nHost: a.example::\r\n\r\n', [400]],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', [400]],
]

const TARGETS: readonly Case[] = [
  ['CONNECT', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n', [400, 405, 501]],
  ['authority-form', `GET a.example:80 HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a path without a slash', `GET index.html HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['* with GET', `GET * HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['** with OPTIONS', `OPTIONS ** HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a fragment', `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a control character', `GET /a\x01b HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a tab', `GET /a\tb HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['DEL', `GET /a\x7fb HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a raw non-ASCII byte', `GET /a\xe9b HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form with another authority than Host', `GET http://b.example/ HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form with another port than Host', `GET http://a.example:81/ HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form with a user', `GET http://u@a.example/ HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form without an authority', `GET http:///x HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form with another scheme', `GET ftp://a.example/ HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form without Host', 'GET http://a.example/ HTTP/1.1\r\n\r\n', [400]],
  ['a path that climbs above the root', `GET /../etc/passwd HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a path that climbs above the root later', `GET /a/../../b HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['a path that climbs above the root, encoded', `GET /%2e%2E/b HTTP/1.1\r\n${HOST}\r\n`, [400]],
  ['an absolute form that climbs above the root', `GET http://a.example/../b HTTP/1.1\r\n${HOST}\r\n`, [400]],
]

const OTHERS: readonly Case[] = [
  ['an unknown expectation', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 200-ok\r\n\r\nhello`, [417]],
  ['two expectations', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue, x\r\n\r\nhello`, [417]],
]

for (const [group, cases] of Object.entries({
  'start line': START_LINES,
  fields: FIELDS,
  Host: HOSTS,
  target: TARGETS,
  Expect: OTHERS,
})) {
  describe(`a request is refused for its ${group}:`, () => {
    test.each(cases)('%s', async (_, bytes, statuses) => {
      await expectRefused(pair, bytes + SMUGGLED, statuses)
    })
  })
}

test('a refusal tells what was wrong, carries a request id, and is JSON for who asks for JSON', async () => {
  const { responses } = await exchange(pair.port, `GET /a#b HTTP/1.1\r\n${HOST}Accept: application/json\r\n\r\n`)
  const answer = responses[0]!
  expect(answer.status).toBe(400)
  const type = answer.fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  expect(type).toMatch(/text\/html|application\/(problem\+)?json/)
  expect(answer.body.toString()).not.toMatch(/\bat .*\.ts:\d+/)
})

test('an empty line before a request line is skipped (RFC 9112 2.2)', async () => {
  const { responses } = await exchange(pair.port, `\r\nGET /after HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  expect(responses.map(each => each.status)).toEqual([200])
})

test('a connection that closes before a request is whole leaves nothing behind', async () => {
  for (const part of ['', 'G', 'GET / HTTP/1.1\r\n', `GET / HTTP/1.1\r\n${HOST}`]) {
    const client = await RawClient.connect(pair.port)
    if (part !== '') client.send(part)
    client.end()
    const { responses } = await client.untilClosed()
    for (const each of responses) expect([400, 408]).toContain(each.status)
    client.close()
  }
  expect(pair.upstream.received.length).toBe(0)
})
