// What is said to a sender: when to come back, and whether it is called.

import { expect, test } from 'vitest'
import { FIELD } from '../../../../src/http/field-names.ts'
import type { HoldPlan } from '../../../../src/plan/hold.ts'
import { callbackOf } from '../../../../src/policy/hold/callback.ts'
import { comeBackS } from '../../../../src/policy/hold/come-back.ts'

const PLAN = {
  forward: { perSecond: 2, concurrency: 1, afterMs: 30_000, retry: { attempts: 1, firstMs: 1, mostMs: 1 } },
  callback: { hosts: ['shop.example'], secret: '' },
} as unknown as HoldPlan

test.each([
  ['the end of the window, the pool’s time to prove itself, and who goes before', 1_060_000, 9, 95],
  ['an outage, of which nobody knows the end', undefined, 0, 91],
  ['a window that should be over', 900_000, 0, 91],
  ['a week is asked after each day', 1_000_000 + 7 * 86_400_000, 0, 86_400],
])('it comes back after %s', (_, untilMs, ahead, seconds) => {
  expect(comeBackS(PLAN, untilMs, { ahead, expectedMs: undefined }, 1_000_000)).toBe(seconds)
})

test('where the thread knows when, its word counts', () => {
  expect(comeBackS(PLAN, undefined, { ahead: 9, expectedMs: 1_000_001 }, 1_000_000)).toBe(1)
  expect(comeBackS(PLAN, 2_000_000, { ahead: 0, expectedMs: 1_007_000 }, 1_000_000)).toBe(7)
})

const called = (callback: string, prefer = 'respond-async, wait=10', plan = PLAN) =>
  callbackOf({ names: ['Callback', 'prefer'], values: [callback, prefer], kinds: [FIELD.other, FIELD.other] }, plan)

test('who prefers so, and is listed, is called', () => {
  expect(called('https://shop.example:8443/done?id=7')).toBe('https://shop.example:8443/done?id=7')
  expect(called('https://SHOP.example/')).toBe('https://shop.example/')
})

test.each([
  ['http', 'http://shop.example/'],
  ['another host', 'https://shop.example.evil/'],
  ['a login in the URL', 'https://a:b@shop.example/'],
  ['no URL', 'shop.example'],
  ['a file', 'file:///etc/passwd'],
  ['two of them', 'https://shop.example/, https://evil/'],
  ['a very long one', `https://shop.example/${'x'.repeat(3000)}`],
])('nobody is called by %s', (_, url) => {
  const found = called(url)
  expect(found === undefined || URL.parse(found)?.hostname === 'shop.example').toBe(true)
  if (url !== 'https://shop.example/, https://evil/') expect(found).toBeUndefined()
})

test('nor who does not prefer it, nor on a route that calls nobody', () => {
  expect(called('https://shop.example/', 'return=minimal')).toBeUndefined()
  expect(called('https://shop.example/', 'respond-async', { ...PLAN, callback: undefined })).toBeUndefined()
})
