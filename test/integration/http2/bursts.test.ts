// Requests that come together leave their connections together: the next burst finds them, and what is too many goes a moment later.

import { expect, test } from 'vitest'
import { H2Client } from '../../support/h2-client.ts'
import { usePair } from '../../support/pair.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { IN_TIME, until } from '../../support/until.ts'

const pair = usePair({ http2: true, pool: { idleConnections: 2 } })

test('of six requests at once', IN_TIME, async () => {
  let asked = 0
  let all = () => {}
  // None is answered before all are there, so that each has a connection of its own.
  pair.upstream.answer = async arrival => {
    const waits = new Promise<void>(resolve => {
      const before = all
      all = () => {
        before()
        resolve()
      }
    })
    asked += 1
    if (asked % 6 === 0) all()
    await waits
    await answerOk(arrival)
  }
  const client = new H2Client(pair.port)
  const burst = () => Promise.all(Array.from({ length: 6 }, (_, i) => client.get(`/${i}`)))
  await burst()
  await burst()
  expect(pair.upstream.connections.length).toBe(6)
  await until('two are left', () => pair.upstream.connections.filter(({ ending }) => ending === 'open').length === 2)
  client.close()
})
