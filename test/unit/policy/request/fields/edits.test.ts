// What is done to fields: who wins of route and pool, what a name takes away, and what stays whatever is said.

import { describe, expect, test } from 'vitest'
import { FIELD, fieldOf } from '../../../../../src/http/field-names.ts'
import type { Fields } from '../../../../../src/http/fields.ts'
import type { FieldsPlan, RequestFieldsPlan } from '../../../../../src/plan/fields.ts'
import { claimOf } from '../../../../../src/policy/request/fields/claims.ts'
import { editedFields, fieldRules, rulesForOwn, withoutGone } from '../../../../../src/policy/request/fields/edits.ts'

type Said = Partial<RequestFieldsPlan>
const planOf = (request: Said): FieldsPlan => ({ request: { set: {}, remove: [], keep: [], ...request } })

function fieldsOf(lines: readonly string[]): Fields {
  const pairs = lines.map(line => line.split(': ') as [string, string])
  return {
    names: pairs.map(([name]) => name),
    values: pairs.map(([, value]) => value),
    kinds: pairs.map(([name]) => fieldOf(name)),
  }
}

const linesOf = ({ names, values }: Fields) => names.map((name, i) => `${name}: ${values[i]}`)

/** @param lines of the request @returns its fields afterwards; as forwarding does it, claims are put aside first */
function edited(lines: readonly string[], route: Said, pool: Said = {}): string[] {
  const rules = fieldRules(planOf(pool), planOf(route), 'request')
  if (!rules) return [...lines]
  const isClaim = (line: string) => {
    const name = line.split(': ')[0]!
    return fieldOf(name) === FIELD.other && claimOf(name) === 'claim'
  }
  const free = fieldsOf(lines.filter(line => !isClaim(line)))
  return linesOf(editedFields(free, fieldsOf(lines.filter(isClaim)), rules, variable => `<${variable}>`))
}

describe('what is said of a field', () => {
  test('is nothing where nobody says anything', () => {
    expect(fieldRules(undefined, undefined, 'request')).toBeUndefined()
    expect(fieldRules(planOf({}), planOf({}), 'request')).toBeUndefined()
    expect(fieldRules(planOf({ remove: ['X-A'] }), undefined, 'response')).toBeUndefined()
  })

  test('to set it is to put it in place of all that servers take for the same', () => {
    const sent = ['X-Tenant: a', 'x_tenant: b', 'X.TENANT: c', 'X-Tenants: d', 'Accept: e']
    expect(edited(sent, { set: { 'X-Tenant': 'mine' } })).toEqual(['X-Tenants: d', 'Accept: e', 'X-Tenant: mine'])
  })

  test('has variables, and is left out where they make nothing of it', () => {
    expect(edited([], { set: { 'X-From': 'ip={client}', 'X-Host': '{host}' } })).toEqual([
      'X-From: ip=<client>',
      'X-Host: <host>',
    ])
    const rules = fieldRules(planOf({ set: { 'X-Host': '{host}' } }), undefined, 'request')!
    expect(linesOf(editedFields(fieldsOf(['x_host: a']), undefined, rules, () => ''))).toEqual([])
  })

  test('to remove it takes its look-alikes too', () => {
    expect(edited(['X-Debug: a', 'x_debug: b', 'X-Debugger: c'], { remove: ['x-debug'] })).toEqual(['X-Debugger: c'])
  })

  test('to remove a beginning leaves what HTTP and vigia need', () => {
    const needed = ['X-Forwarded-For: a', 'Sec-WebSocket-Key: b', 'Cookie: c', 'Content-Type: d']
    const sent = [...needed, 'X-Own: e', 'Sec-Fetch-Mode: f', 'Content-MD5: g']
    expect(edited(sent, { remove: ['x-*', 'Sec-*', 'C*'] })).toEqual(needed)
    expect(edited(needed, { remove: ['X-Forwarded-For', 'Cookie'] })).toEqual([needed[1], needed[3]])
  })

  test('to name a beginning leaves X-Forwarded-Port alone, which vigia says where it knows it', () => {
    const rules = fieldRules(planOf({ remove: ['X-Forwarded-*'], keep: ['X-Forwarded-*'] }), undefined, 'request')!
    const own = fieldsOf(['X-Forwarded-Port: 443'])
    const claimed = fieldsOf(['x-forwarded-port: 1', 'X-Forwarded-Prefix: /a'])
    expect(linesOf(editedFields(own, claimed, rules, () => ''))).toEqual(['X-Forwarded-Port: 443'])
    const kept = fieldRules(planOf({ keep: ['X-Forwarded-*'] }), undefined, 'request')!
    expect(linesOf(editedFields(own, claimed, kept, () => ''))).toEqual([
      'X-Forwarded-Port: 443',
      'X-Forwarded-Prefix: /a',
    ])
  })

  test('to keep it brings back a claim in this very spelling, unless it is removed or set', () => {
    const sent = ['X-Remote-User: a', 'X_Remote_User: b', 'X-SSL-A: c', 'Proxy: d']
    expect(edited(sent, { keep: ['x-remote-user', 'X-SSL-*'] })).toEqual(['X-Remote-User: a', 'X-SSL-A: c'])
    expect(edited(sent, { keep: ['X-SSL-*'], remove: ['X-SSL-A'] })).toEqual([])
    expect(edited(sent, { keep: ['Proxy'], set: { Proxy: 'e' } })).toEqual(['Proxy: e'])
  })
})

describe('a route', () => {
  test('adds to what its pool says', () => {
    expect(edited(['X-A: 1', 'X-B: 2'], { remove: ['X-A'] }, { remove: ['X-B'], set: { 'X-C': '3' } })).toEqual([
      'X-C: 3',
    ])
  })

  test.each<[string, Said, Said, string[]]>([
    ['sets what it sets otherwise', { set: { x_a: '1' } }, { set: { 'X-A': '2' } }, ['x_a: 1']],
    ['removes what it sets', { remove: ['X-A'] }, { set: { 'X-A': '2' } }, []],
    ['removes what it sets by a beginning', { remove: ['X-*'] }, { set: { 'X-A': '2' } }, []],
    ['sets what it removes', { set: { 'X-A': '1' } }, { remove: ['x-a'] }, ['X-A: 1']],
    ['keeps what it removes', { keep: ['X-Remote-User'] }, { remove: ['x-remote-user'] }, ['X-Remote-User: sent']],
  ])('%s', (_, route, pool, left) => {
    expect(edited(['X-A: sent', 'X-Remote-User: sent'], route, pool).filter(line => line !== 'X-A: sent')).toEqual(left)
  })
})

test('trailers lose what is removed and what is set, and get nothing', () => {
  const rules = fieldRules(planOf({ remove: ['X-A*'], set: { 'X-B': '1' } }), undefined, 'request')!
  expect(linesOf(withoutGone(fieldsOf(['X-AB: 1', 'x_b: 2', 'X-C: 3']), rules))).toEqual(['X-C: 3'])
})

test('an answer of vigia is set nothing that says how it is stored or read, and loses nothing', () => {
  const set = { 'Cache-Control': 'max-age=9', 'content-security-policy': 'a', Vary: 'b', 'X-Frame-Options': 'DENY' }
  const rules = fieldRules({ response: { set, remove: ['Content-Type', 'Vary'] } }, undefined, 'response')!
  const own = fieldsOf(['Content-Type: text/html', 'Cache-Control: no-store', 'Vary: Accept', 'x-frame-options: ALLOW'])
  expect(linesOf(editedFields(own, undefined, rulesForOwn(rules)!, () => ''))).toEqual([
    'Content-Type: text/html',
    'Cache-Control: no-store',
    'Vary: Accept',
    'X-Frame-Options: DENY',
  ])
  expect(rulesForOwn(fieldRules({ response: { set: {}, remove: ['Vary'] } }, undefined, 'response')!)).toBeUndefined()
})
