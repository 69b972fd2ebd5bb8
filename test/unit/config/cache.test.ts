// What routes let vigia store: what it compiles to, and every way to get it wrong, in words.

import { describe, expect, test } from 'vitest'
import type { RouteCachePlan } from '../../../src/plan/cache.ts'
import { documentOf, type Parts, problemsOf, snapshotOf } from './support.ts'

const route = (keys: string): Parts => ({ routes: `- { pool: erp, ${keys} }` })
const cacheOf = (cache: string): RouteCachePlan | undefined =>
  snapshotOf(documentOf(route(`cache: ${cache}`))).routes[0]!.cache

test('a route stores nothing unless it says so, and an empty mapping is enough', () => {
  expect(snapshotOf(documentOf()).routes[0]!.cache).toBeUndefined()
  expect(cacheOf('{}')).toEqual({ ttlMs: undefined, staleIfErrorMs: 0, maxBytes: 8 * 1024 ** 2, waitMs: 5000 })
})

test('what it says is taken, in the units of the plan', () => {
  expect(cacheOf('{ ttl: 10m, staleIfError: 24h, maxBytes: 1MiB, wait: 0 }')).toEqual({
    ttlMs: 600_000,
    staleIfErrorMs: 86_400_000,
    maxBytes: 1024 ** 2,
    waitMs: 0,
  })
  expect(snapshotOf(documentOf({ more: 'cache: { bytes: 1GiB }' })).cache).toEqual({ bytes: 1024 ** 3 })
})

describe('in words', () => {
  test.each<[string, Parts, string]>([
    ['too little memory', { more: 'cache: { bytes: 4KiB }' }, 'cache.bytes: is 4KiB, expected 1MiB to 8GiB'],
    ['memory for nothing', { more: 'cache: { bytes: 2MiB }' }, 'cache: has no effect: no route has a cache'],
    [
      'an answer as large as all',
      route('cache: { maxBytes: 60MiB }'),
      'routes[0].cache.maxBytes: is more than half of the cache (cache.bytes is 64MiB)',
    ],
    ['a route for POST', route('match: { method: POST }, cache: {}'), 'has no effect: the route does not take GET'],
    ['a long poll', route('longPoll: true, cache: {}'), 'a long poll is nothing for others'],
    ['a ttl for all pages', route('cache: { ttl: 1h }'), 'name the folder of static files in match.path'],
    ['a word of nginx', route('proxy_cache: on'), 'did you mean "cache"?'],
    ['a word of nginx within it', route('cache: { proxy_cache_valid: 1h }'), 'did you mean "ttl"?'],
  ])('%s', (_, parts, problem) => {
    expect(problemsOf(documentOf(parts)).join('\n')).toContain(problem)
  })

  test('nothing is said of what is right', () => {
    expect(problemsOf(documentOf(route('match: { path: /assets }, cache: { ttl: 1h, staleIfError: 24h }')))).toEqual([])
  })
})
