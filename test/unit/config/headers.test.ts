// Fields that are set, removed and kept: what it compiles to, what of it is shown, and every way to get it wrong, in words.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { changeText, diffSnapshots } from '../../../src/config/shown/diff.ts'
import { maskConfiguration } from '../../../src/config/shown/mask.ts'
import { expectEach } from './cases.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-headers-'))
const file = join(folder, 'vigia.yaml')
writeFileSync(join(folder, 'login'), 'Basic {client}\n')
writeFileSync(join(folder, 'lines'), 'a\nb')
writeFileSync(join(folder, 'blank'), '\n')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ofPool = (headers: string) => ({ pool: `headers: ${headers}` })

describe('headers', () => {
  test('are undefined where nothing is said', () => {
    expect(snapshotOf(documentOf()).pools[0]!.headers).toBeUndefined()
    expect(snapshotOf(documentOf()).routes[0]!.headers).toBeUndefined()
  })

  test('of a pool and of a route', () => {
    const text = documentOf({
      ...ofPool('{ response: { remove: [Server] } }'),
      routes:
        '- { pool: erp, headers: { request: { set: { X-A: "{client}", X-B: { file: login } }, keep: [X-SSL-*] }, response: { set: { X-C: c } } } }',
    })
    const { pools, routes } = snapshotOf(text, {}, file)
    expect(pools[0]!.headers).toEqual({ request: undefined, response: { set: {}, remove: ['Server'] } })
    expect(routes[0]!.headers).toEqual({
      // In a file a brace is a brace.
      request: { set: { 'X-A': '{client}', 'X-B': 'Basic {{client}' }, remove: [], keep: ['X-SSL-*'] },
      response: { set: { 'X-C': 'c' }, remove: [] },
    })
  })

  test('that upstreams are told are shown to nobody, those that clients are told are', () => {
    const secret = 'Basic c2VjcmV0OnNlY3JldA=='
    const headers = (value: string) =>
      ofPool(
        `{ request: { set: { Authorization: "${value}", X-Frappe-Site-Name: a } }, response: { set: { X-D: "${value}" } } }`,
      )
    const shown = maskConfiguration(
      documentOf({ pool: `headers: { request: { set: { Authorization: "${secret}" } } }` }),
    )
    expect(shown).toContain('Authorization: "***"')
    expect(shown).not.toContain('c2Vj')
    const [before, after] = [snapshotOf(documentOf(headers('first'))), snapshotOf(documentOf(headers('second')))]
    expect(diffSnapshots(before, after).changes.map(changeText)).toEqual([
      'pool erp: headers.request.set.Authorization changed',
      'pool erp: headers.response.set.X-D first -> second',
    ])
  })

  test('never tell a value that came from the environment', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the document
    const text = documentOf(ofPool('{ request: { set: { X-A: "${SECRET}" } } }'))
    expect(problemsOf(text, { SECRET: 'abc{hunter}def' }).join('\n')).not.toMatch(/hunter|abc|def/)
    expect(problemsOf(text, { SECRET: 'a\nhunter' }).join('\n')).not.toContain('hunter')
  })
})

const request = (text: string) => ofPool(`{ request: { ${text} } }`)
const response = (text: string) => ofPool(`{ response: { ${text} } }`)
const set = 'pools.erp.headers.request.set'
const known = '{client}, {host}, {scheme}, {request-id}, {listener}, {route}, {pool}'

expectEach(
  [
    [
      'a name with a blank',
      request('set: { "X A": b }'),
      `7:34: ${set}["X A"]: is not a field name, expected one such as X-Tenant`,
    ],
    [
      'what frames a message',
      request('set: { transfer-encoding: chunked }'),
      `7:34: ${set}.transfer-encoding: can not be set: it says how the message is framed, which is the business of each connection`,
    ],
    [
      'what vigia says',
      request('set: { X-Forwarded-Proto: https }'),
      `7:34: ${set}.X-Forwarded-Proto: can not be set: it is what vigia says of the client; that of a proxy in front of vigia is believed where it is in trustedProxies`,
    ],
    [
      'the host',
      request('set: { Host: a }'),
      `7:34: ${set}.Host: can not be set: it goes to upstreams as the client sent it: applications choose their site and make their links by it`,
    ],
    [
      'one field twice',
      request('set: { X-A: b, x_a: c }'),
      `7:42: ${set}.x_a: is the same field as "X-A" to servers: remove one`,
    ],
    [
      'a variable that there is not',
      request('set: { X-A: "{cleint}" }'),
      `7:39: ${set}.X-A: a word in braces is none of the variables ${known} (for a brace write {{); did you mean {client}?`,
    ],
    [
      'a variable of answers',
      request('set: { X-A: "{upstream}" }'),
      `7:39: ${set}.X-A: {upstream} is not known yet when the fields of a request are set: it is for response only`,
    ],
    [
      'nothing',
      request('set: { X-A: " " }'),
      `7:39: ${set}.X-A: the value is empty: to take a field away is what remove is for`,
    ],
    [
      'a value of two lines',
      request('set: { X-A: "a\\r\\nX-B: c" }'),
      `7:39: ${set}.X-A: the value holds a line break, or characters that a header value cannot have`,
    ],
    [
      'a variable of nginx',
      request('set: { X-A: $remote_addr }'),
      `7:39: warning: ${set}.X-A: is sent as it is written, did you mean {client}?`,
    ],
    [
      'a file of two lines',
      request('set: { X-A: { file: lines } }'),
      `7:47: ${set}.X-A.file: the file "lines" is no value: it holds a line break, or characters that a header value cannot have`,
    ],
    [
      'an empty file',
      request('set: { X-A: { file: blank } }'),
      `7:47: ${set}.X-A.file: the file "blank" is no value: it is empty: to take a field away is what remove is for`,
    ],
    [
      'all fields',
      request('remove: ["*"]'),
      '7:36: pools.erp.headers.request.remove[0]: "*" is not a field name, expected one such as X-Powered-By, or X-Debug-*',
    ],
    [
      'to remove what is set',
      request('set: { X-A: b }, remove: [x-a]'),
      '7:53: warning: pools.erp.headers.request.remove[0]: has no effect: what is set stands in place of all others anyway',
    ],
    [
      'to keep what is no claim',
      request('keep: [X-Own]'),
      '7:34: warning: pools.erp.headers.request.keep[0]: has no effect: every client may send it anyway',
    ],
    [
      'to keep what vigia says',
      request('keep: [X-Forwarded-For, X_Forwarded_For]'),
      '7:34: pools.erp.headers.request.keep[0]: "X-Forwarded-For" can not be named here: it is what vigia says of the client; that of a proxy in front of vigia is believed where it is in trustedProxies',
      '7:51: pools.erp.headers.request.keep[1]: "X_Forwarded_For" can not be kept: servers take it for a field that vigia sets',
    ],
    [
      'cookies of the application',
      response('set: { Set-Cookie: a=b }'),
      "7:35: pools.erp.headers.response.set.Set-Cookie: can not be set: it would take the place of all of the application's own cookies",
    ],
    [
      'a word of another product',
      response('add: { X-A: b }'),
      '7:28: pools.erp.headers.response.add: unknown key, did you mean "set"?',
    ],
    [
      'a key above its place',
      { pool: 'headers: { set: { X-A: b } }' },
      '7:16: pools.erp.headers.set: unknown key: say of what: "request" (to upstreams) or "response" (to clients), with this key below it',
    ],
    [
      'what is of a route or a pool for all',
      { more: 'headers: { response: { set: { X-A: b } } }' },
      '10:12: headers.response: unknown key: fields are set and removed by routes[].headers and pools.*.headers',
    ],
    [
      'a key of another product',
      { pool: 'customResponseHeaders: { X-A: b }' },
      '7:5: pools.erp.customResponseHeaders: unknown key, did you mean "headers"?',
    ],
  ],
  {},
  file,
)
