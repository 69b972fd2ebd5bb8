// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are about references to the environment
// What happens to a configuration before it is judged: YAML, the environment, files. And that nothing can make the loader throw.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadBytes, loadConfig } from '../../../src/config/read/load.ts'
import { amount } from '../../support/thorough.ts'
import { fc, test as property } from './property.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

describe('YAML', () => {
  test.each([
    ['an empty file', '', '1:1: the file is empty: it needs at least listeners, routes and pools'],
    ['a file of comments', '# only\n', '1:1: the file is empty: it needs at least listeners, routes and pools'],
    ['an open bracket', 'a: [', '1:5: YAML: indented wrongly, or a bracket is not closed'],
    ['an open quote', 'a: "x', '1:6: YAML: a quote, bracket, colon or comma is missing here'],
    ['a key twice', 'a: 1\na: 2', '2:1: YAML: the key is there twice: remove one'],
    ['a tab', '\ta: 1', '1:1: YAML: indented with a tab: use spaces'],
    ['a tag', 'a: !x 1', '1:4: YAML: tags (!name) are not supported: put the value in quotes'],
    ['an alias of nothing', 'a: *b', '1:4: YAML: the alias has no anchor before it: define it as &NAME first'],
    ['two documents', 'a: 1\n---\nb: 1', '2:1: YAML: a second document begins here: keep one a file'],
    ['a key that is a list', '[1]: 2', '1:1: YAML: a key must be a plain text'],
    ['a lone number', '5', '1:1: 5 is not valid here, expected a mapping'],
    ['a list', '[]', '1:1: is a list, expected a mapping'],
    [
      'a reference within braces',
      'a: { b: ${X} }',
      expect.stringContaining('within { } or [ ] a ${NAME} has to be in quotes'),
    ],
  ])('%s is refused', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([typeof problem === 'string' ? `test.yaml:${problem}` : problem])
  })

  test('aliases that unfold without end are refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    )
    expect(problemsOf(['l0: &l0 [x]', ...levels].join('\n'))).toEqual([
      'test.yaml:1:1: YAML: the aliases (*name) unfold to too much: write the values out',
    ])
  })

  test('anchors and merge keys work, and a problem in them is placed where it is written', () => {
    const text = documentOf({
      pool: 'health: &h { path: /h }',
      more: '  two:\n    health: { <<: *h, interval: 9s }\n    upstreams: [{ name: a, url: "http://x" }]',
    })
    expect(snapshotOf(text).pools[1]?.health).toMatchObject({ path: '/h', intervalMs: 9_000 })
    expect(problemsOf(text.replace('path: /h', 'path: h'))[0]).toContain('test.yaml:7:24: pools.erp.health.path')
  })

  test('bytes that are not UTF-8, and a file without end, are refused', () => {
    const load = (bytes: Uint8Array) => loadBytes(bytes, 'x.yaml', {})
    expect(load(Uint8Array.of(0xff, 0xfe, 0x00))).toMatchObject({
      problems: [{ message: 'the file is not UTF-8 text: save it as UTF-8' }],
    })
    expect(load(new Uint8Array(1024 * 1024 + 1))).toMatchObject({
      problems: [{ line: 1, message: expect.stringContaining('larger than 1 MiB') }],
    })
  })

  test('a file that is not there says what to do', () => {
    const loaded = loadConfig('/nonexistent/vigia.yaml', {})
    expect(loaded).toMatchObject({
      ok: false,
      problems: [{ message: 'the configuration file does not exist: name another with --config FILE' }],
    })
  })
})

describe('the environment', () => {
  test('a variable, a default, and a literal reference', () => {
    const pool =
      'health: { headers: { A: "x${ONE}y", B: "${NONE:-two}", C: "${EMPTY:-three}", D: "$${ONE}", E: "${NONE:-}", F: "${EMPTY}$" } }'
    const { health } = snapshotOf(documentOf({ pool }), { ONE: '1', EMPTY: '' }).pools[0]!
    expect(health).toMatchObject({ headers: { a: 'x1y', b: 'two', c: 'three', d: '${ONE}', e: '', f: '$' } })
  })

  test('a value takes the type that its place asks for, and stays a text where a text belongs', () => {
    const text = documentOf({
      pool: 'health: { headers: { A: "${N}" } }',
      upstreams: '- { name: "${N}", url: "https://x:${N}", weight: "${N}", tls: { verify: "${B}" } }',
      more: 'workers: ${N}',
    })
    const snapshot = snapshotOf(text, { N: '12', B: 'true' })
    expect(snapshot.workers).toBe(12)
    expect(snapshot.pools[0]).toMatchObject({
      health: { headers: { a: '12' } },
      upstreams: [{ name: '12', port: 12, weight: 12, tls: { verify: true } }],
    })
  })

  test('what a variable holds is never read as YAML or as another reference', () => {
    const { health } = snapshotOf(documentOf({ pool: 'health: { path: "/${P}" }' }), { P: '{a:1}${Q}', Q: 'no' })
      .pools[0]!
    expect(health).toMatchObject({ path: '/{a:1}${Q}' })
  })

  test('a variable that is not set is one problem, at its place', () => {
    expect(problemsOf(documentOf({ upstreams: '- { name: a, url: "${ERP_URL}" }' }))).toEqual([
      'test.yaml:9:25: pools.erp.upstreams[0].url: the environment variable ERP_URL is not set: set it, or write ${ERP_URL:-default}',
    ])
  })

  test.each(['${A', '${}', '${A-b}', '${1A}', '${A B}'])('%s is malformed', reference => {
    expect(problemsOf(documentOf({ more: `shutdown: "${reference}"` }), { A: 'x' })).toEqual([
      'test.yaml:10:11: shutdown: malformed ${...}: expected ${NAME} or ${NAME:-default}; write $${ for a literal ${',
    ])
  })

  property(
    'no message holds what came from the environment, wherever it is used',
    [
      fc.constantFrom<(reference: string) => string>(
        value => documentOf({ more: `workers: "${value}"` }),
        value => documentOf({ more: `admin: { address: "${value}" }` }),
        value => documentOf({ more: `trustedProxies: ["${value}"]` }),
        value => documentOf({ routes: `- { pool: "${value}" }` }),
        value =>
          documentOf({
            routes: `- { pool: erp, match: { host: "${value}", path: "${value}", listener: "${value}" } }`,
          }),
        value => documentOf({ upstreams: `- { name: "${value}", url: "${value}" }` }),
        value =>
          documentOf({
            upstreams: `- { name: a, url: "https://x", tls: { caFile: "${value}", serverName: "${value}" } }`,
          }),
        value =>
          documentOf({
            pool: `health: { path: "${value}", method: "${value}", host: "${value}", headers: { A: "${value}" }, interval: "${value}" }`,
          }),
        value => documentOf({ pool: `balance: "${value}"` }),
      ),
      fc.stringMatching(/^[ -~\n]{0,80}s3cr3t[ -~\n]{0,80}$/),
      fc.boolean(),
    ],
    (write, secret, isWithin) => {
      const problems = problemsOf(write(isWithin ? 'a${SECRET}b' : '${SECRET}'), { SECRET: secret })
      expect(problems.join('\n')).not.toContain('s3cr3t')
    },
  )
})

describe('files', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigia-config-'))
    writeFileSync(join(folder, 'token'), 'Bearer s3cr3t\n')
    writeFileSync(join(folder, 'lines'), 's3cr3t\nsecond line')
    writeFileSync(join(folder, 'bad.pem'), '-----BEGIN CERTIFICATE-----\ns3cr3t\n-----END CERTIFICATE-----\n')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const header = (file: string) => documentOf({ pool: `health: { headers: { Authorization: { file: "${file}" } } }` })

  test('a header value is read from beside the configuration, without the newline at its end', () => {
    const { health } = snapshotOf(header('token'), {}, join(folder, 'vigia.yaml')).pools[0]!
    expect(health).toMatchObject({ headers: { authorization: 'Bearer s3cr3t' } })
  })

  test('what cannot be used is refused without repeating what is in it', () => {
    const file = join(folder, 'vigia.yaml')
    const pem = documentOf({ upstreams: '- { name: a, url: "https://x", tls: { caFile: bad.pem } }' })
    const problems = [
      ...problemsOf(header('lines'), {}, file),
      ...problemsOf(header('.'), {}, file),
      ...problemsOf(pem, {}, file),
    ]
    expect(problems.map(problem => problem.replace(/^.*?:\d+:\d+: [^:]*: /, ''))).toEqual([
      'the file "lines" holds more than one line, or characters that a header value cannot have',
      `the file "." is not a regular file (it is looked for from the configuration's folder)`,
      'the file "bad.pem" holds no valid PEM certificate, expected "-----BEGIN CERTIFICATE-----" ...',
    ])
  })
})

test.runIf(process.platform === 'linux')(
  'a file without an end, whose size is said to be 0, is read no further than may be',
  () => {
    const token = '{ name: ana, role: read, tokenFile: /proc/self/pagemap }'
    const problems = problemsOf(documentOf({ more: `admin: { address: "127.0.0.1:9900", tokens: [${token}] }` }))
    expect(problems).toEqual([expect.stringContaining('the file "/proc/self/pagemap" is larger than 1 MiB')])
  },
)

describe('whatever it is given, the loader answers', () => {
  const answers = (bytes: Uint8Array) => {
    const loaded = loadBytes(bytes, 'fuzz.yaml', { A: 'a' })
    if (loaded.ok) return
    expect(loaded.problems.length).toBeGreaterThan(0)
    for (const { line, column, message } of loaded.problems) {
      expect(line >= 1 && column >= 1 && message !== '' && !message.includes('\n')).toBe(true)
    }
  }
  const encode = (text: string) => new TextEncoder().encode(text)
  const key = fc.constantFrom(
    'listeners',
    'routes',
    'pools',
    'erp',
    'health',
    'upstreams',
    'name',
    'url',
    'match',
    'path',
    'host',
    'expect',
    'status',
    'timeouts',
    'interval',
    'tls',
    '__proto__',
    'constructor',
    'toString',
    '0',
    '<<',
    '',
  )
  const leaf = fc.oneof(
    fc.constantFrom(
      'erp',
      '5s',
      '0',
      'http://x',
      'http://[::1]:1',
      ':80',
      '/',
      'off',
      'tcp',
      'hash',
      '${A}',
      '${B}',
      '*.x',
      '\ud800',
      '[::1]:80',
    ),
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  )
  const { node } = fc.letrec<{ node: unknown }>(tie => ({
    node: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(key, tie('node'), { maxKeys: 6 }),
    ),
  }))

  property('bytes', [fc.uint8Array({ maxLength: 300 })], answers)
  property(
    'text with the characters of YAML',
    [fc.string({ unit: fc.constantFrom(...'ab:1 -\n\t[]{}&*!|>\'"%@`#,?<$\\~'), maxLength: 120 })],
    text => answers(encode(text)),
    1_000,
  )
  property('documents of any shape', [node], value => answers(encode(stringify(value))), 400)
  property(
    'a good document with one value exchanged',
    [fc.constantFrom('listeners', 'routes', 'pool', 'upstreams', 'more'), node],
    (part, value) => {
      const json = JSON.stringify(value) ?? 'null'
      answers(
        encode(
          documentOf(
            part === 'pool'
              ? { pool: `health: ${json}` }
              : part === 'more'
                ? { more: `timeouts: ${json}` }
                : { [part]: json },
          ),
        ),
      )
    },
    400,
  )
  property(
    'a good document with a hole',
    [fc.nat(400), fc.nat(20)],
    (at, length) => {
      const text = documentOf({
        pool: 'health: { path: /h, expect: { status: [200, 401] } }',
        more: 'limits: { head: 16KiB }',
      })
      answers(encode(text.slice(0, at) + text.slice(at + length)))
    },
    400,
  )

  test('nesting without end', () => {
    for (const open of ['[', '{a: ', '- ', 'a:\n ', '? ']) answers(encode(open.repeat(amount(10_000, 4_000))))
    answers(encode('a: &a [*a]'))
    answers(encode('&a a: *a'))
  })

  test('thousands of problems at once', () => {
    const many = Array.from({ length: amount(5_000, 2_000) }, (_, i) => `{ name: ${i}, url: [${i}], weight: x }`)
    const loaded = loadBytes(encode(documentOf({ upstreams: `[${many.join(', ')}]` })), 'x.yaml', {})
    expect(loaded.ok ? 0 : loaded.problems.length).toBeLessThanOrEqual(101)
  })
})
