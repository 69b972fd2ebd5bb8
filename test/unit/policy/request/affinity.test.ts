import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AffinityCookiePlan } from '../../../../src/plan/balance.ts'
import {
  affinityValue,
  compileAffinity,
  decideAffinity,
  decideAmong,
  isForSharedCaches,
} from '../../../../src/policy/request/affinity.ts'
import { cookieValue, cookieValues, setCookie } from '../../../../src/policy/request/cookie.ts'
import { amount } from '../../../support/thorough.ts'

const NOW = Date.UTC(2026, 10, 22)
const HOUR = 3_600_000
const PLAN: AffinityCookiePlan = {
  name: 'VIGIA',
  ttlMs: 8 * HOUR,
  keys: ['a'.repeat(32)],
  sameSite: 'lax',
  path: '/',
}
const NODES = ['node-1', 'node-2', 'node-3']

function pool(plan: Partial<AffinityCookiePlan> = {}, upstreams = NODES, name = 'erp') {
  const full = { ...PLAN, ...plan }
  const mac = (key: number, text: string) => createHmac('sha256', full.keys[key]!).update(text).digest('base64url')
  const table = compileAffinity(name, full, upstreams, mac)
  return {
    issue: (index: number, nowMs = NOW) => affinityValue(table, index, nowMs, mac),
    among: (values: readonly string[], nowMs = NOW) => decideAmong(table, values, nowMs, mac),
    decide: (value: string | undefined, nowMs = NOW) => decideAffinity(table, value, nowMs, mac),
  }
}

describe('the affinity cookie', () => {
  test('leads back to its upstream', () => {
    const { issue, decide } = pool()
    for (const index of [0, 1, 2]) expect(decide(issue(index))).toEqual({ kind: 'upstream', index, renew: false })
  })

  test('is understood by any instance with the same key, whatever the order of its upstreams', () => {
    const other = pool({}, ['node-3', 'node-2', 'node-9', 'node-1'])
    expect(other.decide(pool().issue(0))).toEqual({ kind: 'upstream', index: 3, renew: false })
  })

  test('tells neither names nor addresses, and is safe in a cookie', () => {
    const value = pool({}, ['10.0.0.11', 'node-2']).issue(0)
    expect(value).toMatch(/^[A-Za-z0-9_.-]{1,64}$/)
    expect(value).not.toContain('10.0')
    expect(pool().issue(0).slice(0, 13)).not.toBe(
      pool({ keys: ['b'.repeat(32)] })
        .issue(0)
        .slice(0, 13),
    )
  })

  test('means nothing with another key, to another pool or under another name', () => {
    const value = pool().issue(1)
    expect(pool({ keys: ['b'.repeat(32)] }).decide(value)).toEqual({ kind: 'none' })
    expect(pool({}, NODES, 'crm').decide(value)).toEqual({ kind: 'none' })
    expect(pool({ name: 'OTHER' }).decide(value)).toEqual({ kind: 'none' })
  })

  test('of an upstream that is configured no more means nothing', () => {
    expect(pool({}, ['node-1', 'node-2']).decide(pool().issue(2))).toEqual({ kind: 'none' })
  })

  test('survives the rotation of keys, and is renewed with the new one', () => {
    const [old, fresh] = ['a'.repeat(32), 'b'.repeat(32)]
    const rotated = pool({ keys: [fresh, old] })
    expect(rotated.decide(pool({ keys: [old] }).issue(2))).toEqual({ kind: 'upstream', index: 2, renew: true })
    expect(rotated.decide(pool({ keys: [fresh] }).issue(2))).toEqual({ kind: 'upstream', index: 2, renew: false })
    expect(pool({ keys: [fresh] }).decide(rotated.issue(1))).toMatchObject({ kind: 'upstream', index: 1 })
    expect(pool({ keys: [fresh] }).decide(pool({ keys: [old] }).issue(1))).toEqual({ kind: 'none' })
  })

  test('is renewed after a quarter of its life, and expires at the end of it', () => {
    const { issue, decide } = pool()
    const value = issue(1)
    expect(decide(value, NOW + 2 * HOUR - 1)).toMatchObject({ renew: false })
    expect(decide(value, NOW + 2 * HOUR)).toMatchObject({ index: 1, renew: true })
    expect(decide(value, NOW + 8 * HOUR - 1)).toMatchObject({ index: 1, renew: true })
    expect(decide(value, NOW + 8 * HOUR)).toEqual({ kind: 'expired' })
  })

  test('without a ttl lives as long as the browser keeps it', () => {
    const { issue, decide } = pool({ ttlMs: 0 })
    expect(decide(issue(1), NOW + 10_000 * HOUR)).toEqual({ kind: 'upstream', index: 1, renew: false })
  })

  test('from the future is believed; beyond what clocks differ by it is renewed, or it would last until that time has come', () => {
    const { issue, decide } = pool()
    expect(decide(issue(1, NOW + 299_000))).toEqual({ kind: 'upstream', index: 1, renew: false })
    expect(decide(issue(1, NOW + 302_000))).toEqual({ kind: 'upstream', index: 1, renew: true })
    const session = pool({ ttlMs: 0 })
    expect(session.decide(session.issue(1, NOW + 302_000))).toMatchObject({ renew: true })
  })

  test('changed in any character is none', () => {
    const { issue, decide } = pool()
    const value = issue(0)
    for (let at = 0; at < value.length; at += 1) {
      for (const char of ['A', 'b', '0', '.', '-', ' ', 'é']) {
        if (char === value[at]) continue
        expect(decide(value.slice(0, at) + char + value.slice(at + 1))).toEqual({ kind: 'none' })
      }
      expect(decide(value.slice(0, at))).toEqual({ kind: 'none' })
      expect(decide(value.slice(0, at) + value.slice(at + 1))).toEqual({ kind: 'none' })
    }
    expect(decide(`${value}A`)).toEqual({ kind: 'none' })
    expect(decide(undefined)).toEqual({ kind: 'none' })
  })

  test('that nobody signed is none, whatever it is', () => {
    const { decide } = pool()
    const formed = fc.stringMatching(/^1[A-Za-z0-9_-]{12}\.[0-9a-z]{1,8}\.[A-Za-z0-9_-]{24}$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), formed), value => {
        expect(decide(value)).toEqual({ kind: 'none' })
      }),
    )
  })
})

describe('cookieValue', () => {
  test.each([
    ['VIGIA=abc', 'abc'],
    ['a=b; VIGIA=abc; c=d', 'abc'],
    ['a=b;VIGIA=abc;c=d', 'abc'],
    ['a=b, VIGIA=abc', 'abc'],
    [' \tVIGIA = abc ', 'abc'],
    ['XVIGIA=x; VIGIA2=y; a=VIGIA; VIGIA=abc', 'abc'],
    ['a=VIGIA=x; VIGIA=abc', 'abc'],
    ['VIGIA=a=b', 'a=b'],
    ['VIGIA=1; VIGIA=2', '1'],
    ['VIGIA; VIGIA=2', '2'],
    ['vigia=abc', undefined],
    ['VIGIA', undefined],
    ['VIGIA=', undefined],
    ['a b VIGIA=x', undefined],
    ['', undefined],
    [`VIGIA=${'x'.repeat(4097)}`, undefined],
  ])('of %j', (field, value) => {
    expect(cookieValue(field, 'VIGIA')).toBe(value)
  })

  test('where there is no field', () => {
    expect(cookieValue(undefined, 'VIGIA')).toBeUndefined()
  })

  test('finds what a splitting reader finds', () => {
    const char = fc.constantFrom('a', 'A', '=', ';', ',', ' ', '\t')
    fc.assert(
      fc.property(fc.string({ unit: char }), fc.constantFrom('a', 'aa', 'A', 'aA'), (field, name) => {
        const pairs = field.split(/[;,]/).map(part => /^[ \t]*([^=]*?)[ \t]*=(.*)$/.exec(part))
        const found = pairs.find(pair => pair?.[1] === name)?.[2]?.trim()
        expect(cookieValue(field, name)).toBe(found === '' ? undefined : found)
      }),
      { numRuns: amount(1000) },
    )
  })
})

test('the Set-Cookie field keeps scripts and other sites out', () => {
  expect(setCookie(PLAN, 'v', false)).toBe('VIGIA=v; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax')
  expect(setCookie(PLAN, 'v', true)).toBe('VIGIA=v; Path=/; Max-Age=28800; HttpOnly; Secure; SameSite=Lax')
  const framed = { ...PLAN, ttlMs: 0, sameSite: 'none', path: '/web' } as const
  expect(setCookie(framed, 'v', true)).toBe('VIGIA=v; Path=/web; HttpOnly; Secure; SameSite=None')
  expect(setCookie(framed, 'v', false)).toBe('VIGIA=v; Path=/web; HttpOnly')
})

describe('of several cookies of one name', () => {
  test('the first that verifies counts', () => {
    const { issue, among } = pool()
    const [one, two] = [issue(1), issue(2)]
    expect(among(['forged', `${one.slice(0, -1)}!`, two, one])).toMatchObject({ verdict: { index: 2 }, value: two })
    expect(among([pool({}, NODES, 'crm').issue(0), one])).toMatchObject({ verdict: { index: 1 }, value: one })
    expect(among([issue(0, NOW - 9 * HOUR), one])).toMatchObject({ verdict: { index: 1 }, value: one })
    expect(among(['forged', issue(0, NOW - 9 * HOUR)])).toMatchObject({ verdict: { kind: 'expired' } })
    expect(among([])).toEqual({ verdict: { kind: 'none' }, value: '' })
  })

  test('the first eight are looked at', () => {
    const field = Array.from({ length: 20 }, (_, i) => `VIGIA=${i}`).join('; ')
    expect(cookieValues(`a=b; ${field}`, 'VIGIA')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(cookieValues('XVIGIA=1; VIGIA = 2, VIGIA=3', 'VIGIA')).toEqual(['2', '3'])
    expect(cookieValues(undefined, 'VIGIA')).toEqual([])
  })
})

describe('shared caches', () => {
  const later = new Date(NOW + HOUR).toUTCString()
  const earlier = new Date(NOW - HOUR).toUTCString()
  test.each<[boolean, ...[name: string, value: string][]]>([
    [true, ['Cache-Control', 'public']],
    [true, ['cache-control', 'Max-Age=3600']],
    [true, ['Cache-Control', 'no-cache'], ['Cache-Control', 's-maxage = 10']],
    [true, ['Cache-Control', 'max-age=0, s-maxage=60']],
    [true, ['Expires', later]],
    [true, ['Last-Modified', earlier]],
    [false],
    [false, ['Cache-Control', 'no-store']],
    [false, ['Cache-Control', 'private, max-age=600']],
    [false, ['Cache-Control', 'max-age=0'], ['Expires', later]],
    [false, ['Cache-Control', 'no-cache'], ['Last-Modified', earlier]],
    [false, ['Expires', earlier], ['Last-Modified', earlier]],
    [false, ['Expires', '0'], ['Last-Modified', earlier]],
    [false, ['Cache-Control', 'public, max-age=600'], ['Set-Cookie', 'session_id=1']],
  ])('keep it: %s, with %j %j', (kept, ...fields) => {
    const answer = {
      names: fields.map(([name]) => name),
      values: fields.map(([, value]) => value),
      kinds: fields.map(() => 0 as const),
    }
    expect(isForSharedCaches(answer, NOW)).toBe(kept)
  })
})
