// Who may use the admin listener: what tokens compile to, and every way to get them wrong, in words that tell no token.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maskConfiguration } from '../../../src/config/shown/mask.ts'
import { expectEach } from './cases.ts'
import { documentOf, type Parts, problemsOf, snapshotOf } from './support.ts'

const HASH = `sha256:${'0a'.repeat(32)}`
const OTHER = `sha256:${'0b'.repeat(32)}`
const admin = (text: string): Parts => ({ more: `admin: ${text}` })
const tokens = (list: string, address = '127.0.0.1:9900'): Parts =>
  admin(`{ address: "${address}", tokens: [${list}] }`)

test('tokens compile to names, roles and hashes in one spelling', () => {
  const list = `{ name: grafana, role: read, hash: "${HASH}" }, { name: ana, role: admin, hash: "${OTHER.replaceAll('b', 'B')}" }`
  expect(snapshotOf(documentOf(tokens(list, '0.0.0.0:9900'))).admin).toEqual({
    host: '0.0.0.0',
    port: 9900,
    tokens: [
      { name: 'grafana', role: 'read', sha256: '0a'.repeat(32) },
      { name: 'ana', role: 'admin', sha256: '0b'.repeat(32) },
    ],
  })
})

test.each(['127.0.0.1:9900', '127.1.2.3:9900', '[::1]:9900', 'localhost:9900'])('%s needs no tokens', address => {
  expect(problemsOf(documentOf(admin(`{ address: "${address}" }`)))).toEqual([])
})

test.each([':9900', '0.0.0.0:9900', '[::]:9900', '10.0.0.5:9900', 'erp.example.com:9900'])(
  '%s, which others can reach, is refused without tokens',
  address => {
    expect(problemsOf(documentOf(admin(`{ address: "${address}" }`)))).toEqual([
      `test.yaml:10:19: admin.address: "${address}" can be reached by others, who could then read and order everything: set tokens (make one with: vigia token), or bind it to 127.0.0.1`,
    ])
    const list = `{ name: ana, role: operate, hash: "${HASH}" }`
    expect(problemsOf(documentOf(tokens(list, address)))).toEqual([])
  },
)

test('the health listener needs no tokens, and has a port of its own', () => {
  const health = (text: string): Parts => ({ more: `health: { address: "${text}" }` })
  expect(snapshotOf(documentOf(health(':9901'))).health).toEqual({ host: '0.0.0.0', port: 9901 })
  expect(problemsOf(documentOf(health('127.0.0.1:9900')))).toEqual([
    'test.yaml:10:20: health.address: "127.0.0.1:9900" is taken by the admin listener already: choose another port',
  ])
  expect(problemsOf(documentOf(health('9901')))).toHaveLength(1)
})

describe('tokens', () => {
  expectEach([
    ['an empty list', tokens(''), '10:45: admin.tokens: is empty, expected a list with at least one token'],
    [
      'neither hash nor file',
      tokens('{ name: ana, role: read }'),
      '10:46: admin.tokens[0]: says not which token: set hash, or tokenFile; make one with: vigia token',
    ],
    [
      'a name twice, and a token twice',
      tokens(`{ name: ana, role: read, hash: "${HASH}" }, { name: ana, role: admin, hash: "${HASH}" }`),
      '10:162: admin.tokens[1].name: "ana" is the name of tokens[0] already',
      '10:186: admin.tokens[1].hash: is the same token as tokens[0]: its author would not be known',
    ],
    [
      'a role that is none',
      tokens(`{ name: ana, role: root, hash: "${HASH}" }`),
      '10:65: admin.tokens[0].role: "root" is not valid here, expected one of read, operate, admin',
    ],
  ])
})

test('a token in the place of its hash is not repeated', () => {
  const [problem, ...more] = problemsOf(documentOf(tokens('{ name: ana, role: read, hash: vigia_secret123secret }')))
  expect(problem).toContain('admin.tokens[0].hash: is not valid here, expected the hash that `vigia token` prints')
  expect(`${problem}${more}`).not.toContain('secret123')
})

describe('a token file', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigia-tokens-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const load = (content: string) => {
    writeFileSync(join(folder, 'token'), content)
    return documentOf(tokens('{ name: ana, role: read, tokenFile: token }'))
  }

  test('holds the token itself', () => {
    const token = `vigia_${'x'.repeat(43)}`
    const { admin: compiled } = snapshotOf(load(`${token}\n`), {}, join(folder, 'test.yaml'))
    expect(compiled?.tokens).toEqual([
      { name: 'ana', role: 'read', sha256: createHash('sha256').update(token).digest('hex') },
    ])
  })

  test.each(['', 'too-short-to-be-a-token', `two\n${'x'.repeat(40)}`, `${'x'.repeat(40)} `, 'ä'.repeat(40)])(
    'with %j is refused without a word of it',
    content => {
      const [problem] = problemsOf(load(content), {}, join(folder, 'test.yaml'))
      expect(problem).toContain(
        'the file "token" holds no token, expected one line of at least 32 characters without spaces',
      )
    },
  )
})

test('hashes of tokens are not shown: a token that somebody made up could be guessed from one', () => {
  const shown = maskConfiguration(documentOf(tokens(`{ name: ana, role: read, hash: "${HASH}" }`)))
  expect(shown).not.toContain('0a0a')
  expect(shown).toContain('ana')
})
