import { describe, expect, test } from 'vitest'
import type { AccessFacts } from '../../../../../src/proxy/access-log/access-entry.ts'
import { Stories, type StoryFacts } from '../../../../../src/proxy/exchange/story/stories.ts'
import type { Try } from '../../../../../src/proxy/exchange/story/tries.ts'
import { UpstreamTable } from '../../../../../src/shared/upstream-table.ts'

const facts = (changes: Partial<AccessFacts>): AccessFacts => ({
  requestId: 'a-1',
  traceId: '',
  client: '192.0.2.1',
  about: '',
  listener: 'web',
  protocol: 'HTTP/1.1',
  route: 'all',
  pool: 'erp',
  upstream: 'erp-1',
  method: 'POST',
  host: 'erp.example',
  path: '/orders',
  status: 502,
  bytesIn: 5,
  bytesOut: 7,
  coding: '',
  bytesUncoded: 0,
  firstByteMs: 0,
  queueMs: 0,
  connectMs: 0,
  gatheringMs: 0,
  bufferedBytes: 0,
  upstreamMs: 0,
  attempts: 1,
  proof: '',
  cache: '',
  held: '',
  end: 'upstream-reset',
  ...changes,
})

const ONE: Try = {
  upstream: 'erp-1',
  startedMs: 1010,
  endedMs: 1040,
  reused: false,
  connectMs: 2,
  bytesSent: 99,
  status: 0,
  failure: 'reset: closed by the upstream',
  proof: '',
  stale: false,
  last: 'not-repeatable',
}
const MORE: StoryFacts = {
  startedMs: 1000,
  totalMs: 45,
  tries: [ONE],
  inDoubt: false,
  window: undefined,
  pool: undefined,
}

describe('what is kept of requests that were not plain', () => {
  test('is found by its id, with the times of its attempts since it came', () => {
    const stories = new Stories(3, new UpstreamTable())
    stories.keep(facts({}), MORE, 5000)
    expect(stories.find('a-1')).toEqual([
      expect.objectContaining({ requestId: 'a-1', worker: 3, atMs: 5000, end: 'upstream-reset', totalMs: 45 }),
    ])
    expect(stories.find('a-1')[0]?.tries).toEqual([expect.objectContaining({ afterMs: 10, tookMs: 30, bytesSent: 99 })])
    expect(stories.find('a-')).toEqual([])
  })

  test('of one id that clients gave twice, the newest comes first', () => {
    const stories = new Stories(0, new UpstreamTable())
    const requestId = 'order "17"\\'
    for (const [atMs, path] of ['/one', '/two', '/three'].entries())
      stories.keep(facts({ requestId, path }), MORE, atMs)
    expect(stories.find(requestId).map(({ path }) => path)).toEqual(['/three', '/two', '/one'])
  })

  test('is bounded, and no flood of refusals pushes out what was sent to an upstream', () => {
    const stories = new Stories(0, new UpstreamTable(), 10)
    stories.keep(facts({ requestId: 'sent' }), MORE, 1)
    for (let n = 0; n < 100; n += 1) stories.keep(facts({ requestId: `no-${n}` }), { ...MORE, tries: [] }, 2 + n)
    expect(stories.find('sent')).toHaveLength(1)
    expect(stories.find('no-89')).toEqual([])
    expect(stories.find('no-90')).toHaveLength(1)
    for (let n = 0; n < 10; n += 1) stories.keep(facts({ requestId: `s-${n}` }), MORE, 200)
    expect(stories.find('sent')).toEqual([])
  })

  test('has no more of a path and a host than is good for memory', () => {
    const stories = new Stories(0, new UpstreamTable())
    stories.keep(facts({ path: `/${'p'.repeat(9000)}`, host: 'h'.repeat(9000) }), MORE, 1)
    const [story] = stories.find('a-1')
    expect(story?.path).toHaveLength(2048)
    expect(story?.host).toHaveLength(255)
  })
})
