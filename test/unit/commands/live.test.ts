import fc from 'fast-check'
import { expect, test } from 'vitest'
import { auditLines } from '../../../src/commands/live/audit.ts'
import { parseEventStream, type StreamedEvent } from '../../../src/commands/live/client/sse.ts'
import { inDoubtLines } from '../../../src/commands/live/in-doubt.ts'
import { parseWeight } from '../../../src/commands/live/weight.ts'
import { amount } from '../../support/thorough.ts'

test('a stream of events reads the same in whatever pieces it comes', () => {
  const stream =
    'retry: 2000\n\n: still here\n\nevent: transition\nid: 7\ndata: {"a":1}\n\nevent: gap\r\nid: 8\r\ndata: x\r\ndata:y\r\n\r\ndata\n\nid: 9\n\n'
  const expected = [
    { type: 'transition', id: '7', data: '{"a":1}' },
    { type: 'gap', id: '8', data: 'x\ny' },
    { type: 'message', id: '8', data: '' },
  ]
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 200, maxLength: 200 }), sizes => {
      const events: StreamedEvent[] = []
      const parse = parseEventStream(event => events.push(event))
      let at = 0
      for (const size of sizes) {
        parse(stream.slice(at, at + size))
        at += size
      }
      expect(events).toEqual(expected)
    }),
    { numRuns: amount(50) },
  )
})

test.each([
  ['0', { weight: 0 }],
  ['40', { weight: 40 }],
  ['1000', { weight: 1000 }],
  ['25%', { percent: 25 }],
  ['12.5%', { percent: 12.5 }],
  ['reset', { weight: null }],
])('%s is a weight', (text, wish) => {
  expect(parseWeight(text)).toEqual(wish)
})

test.each(['', '-1', '1001', '1e3', '0x10', '%', '10 %', 'none', 'Infinity', ' 5'])('%j is none', text => {
  expect(parseWeight(text)).toBeUndefined()
})

test('audit and in-doubt tell times as they are where they are read, with the offset', () => {
  const zone = 'America/Sao_Paulo'
  const audited = { seq: 7, at: '2026-12-06T05:00:12.000Z', actor: 'ana', source: 'cli', action: 'drain' }
  const rows = [{ ...audited, subject: 'erp/a', reason: 'until 2026-12-06T06:00:00Z', before: 0, after: 0, hash: '' }]
  expect(auditLines({ rows, next: null }, zone)).toEqual([
    '7  2026-12-06 02:00:12 -03:00  drain erp/a by ana (cli): until 2026-12-06 03:00:00',
  ])
  const resolved = { resolution: 'done', by: 'ana', note: '', at: '2026-12-06T05:30:00.000Z' } as const
  const place = { route: 'all', pool: 'erp', upstream: 'a', method: 'POST', path: '/x', client: '10.0.0.9' }
  const rest = { idempotencyKey: null, bytesSent: 1, stage: 'sent', cause: 'reset' } as const
  const record = { at: '2026-12-06T05:00:12.000Z', requestId: 'r-1', ...place, ...rest, resolved }
  const report = { total: 1, dropped: 0, open: 0, records: [record] }
  expect(inDoubtLines(report, [record], zone).slice(0, 3)).toEqual([
    '2026-12-06 02:00:12 -03:00  r-1  POST /x',
    '    erp/a, client 10.0.0.9: reset',
    '    done, by ana at 2026-12-06 02:30:00 -03:00',
  ])
})
