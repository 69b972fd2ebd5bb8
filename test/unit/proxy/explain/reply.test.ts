import { expect, test } from 'vitest'
import { Stories } from '../../../../src/proxy/exchange/story/stories.ts'
import type { ExplainContext } from '../../../../src/proxy/explain/admission-check.ts'
import { replyTo } from '../../../../src/proxy/explain/reply.ts'
import type { FromWorker } from '../../../../src/shared/messages.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'

test('a question that meets a bug is answered all the same, and ends no worker', () => {
  const said: FromWorker[] = []
  const context = {
    stories: new Stories(0, new UpstreamTable()),
    report: (message: FromWorker) => said.push(message),
    get active(): ExplainContext['active'] {
      throw new Error('a bug')
    },
  } as unknown as Parameters<typeof replyTo>[0]
  const question = { kind: 'route', method: 'GET', url: '/', fields: [], from: '::1', listener: undefined } as const
  expect(replyTo(context, question)).toMatchObject({ kind: 'route', found: { ok: false, code: 'unavailable' } })
  expect(said).toMatchObject([{ type: 'log', level: 'error', detail: { stack: expect.stringContaining('a bug') } }])
  expect(replyTo(context, { kind: 'request', requestId: 'x' })).toEqual({ kind: 'request', stories: [] })
})
