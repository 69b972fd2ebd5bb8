// The stream of events over real sockets, with a record of its own in the place of a whole vigia.

import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import Fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { AdminAccess } from '../../../../src/admin/access/admin-access.ts'
import { guardAccess } from '../../../../src/admin/access/auth.ts'
import type { ControlEvent } from '../../../../src/admin/contract/events.ts'
import { type EventsOptions, serveEvents } from '../../../../src/admin/routes/events.ts'
import { parseEventStream, type StreamedEvent } from '../../../../src/commands/live/client/sse.ts'
import { Feed } from '../../../../src/control/events/feed.ts'
import { until } from '../../../support/until.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Reader {
  readonly socket: Socket
  readonly events: StreamedEvent[]
  text(): string
  ended(): boolean
}

async function setUp(options: EventsOptions = {}, kept?: number) {
  const log = new Feed(kept === undefined ? {} : { kept })
  const app = Fastify({
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  })
  app.setSerializerCompiler(() => answer => JSON.stringify(answer))
  guardAccess(app, options.access)
  const served = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    served.add(socket)
    socket.on('close', () => served.delete(socket))
  })
  serveEvents(app, log, options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  cleanUps.push(() => app.close())
  const { port } = app.server.address() as { port: number }
  const read = (headers: Record<string, string> = {}, path = '/events'): Reader => {
    const socket = connect(port, '127.0.0.1')
    cleanUps.push(() => socket.destroy())
    const events: StreamedEvent[] = []
    // Chunk sizes are lines without a colon, which a reader of events skips.
    const parse = parseEventStream(event => events.push(event))
    let text = ''
    let over = false
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      parse(piece)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      over = true
    })
    const fields = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`)
    return { socket, events, text: () => text, ended: () => over }
  }
  const add = (...texts: string[]) => {
    for (const text of texts) log.add({ type: 'notice', text })
  }
  const began = (reader: Reader) => until('the stream has begun', () => reader.text().includes('retry:'))
  return { app, log, read, add, began, served }
}

const texts = ({ events }: Reader) =>
  events.map(({ type, data }) => (type === 'gap' ? 'gap' : (JSON.parse(data) as ControlEvent).text))

test('a follower gets what happens from now on, and after it comes back what it has missed', async () => {
  const { read, add, began } = await setUp()
  add('before')
  const first = read()
  await began(first)
  expect(first.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(first.text()).toContain('content-type: text/event-stream')
  add('one', 'two')
  await until('two is there', () => first.events.length === 2)
  first.socket.destroy()
  add('three')
  const again = read({ 'last-event-id': first.events[0]!.id })
  await until('all are there', () => again.events.length === 2)
  add('four')
  await until('four is there', () => again.events.length === 3)
  expect([texts(first), texts(again)]).toEqual([
    ['one', 'two'],
    ['two', 'three', 'four'],
  ])
  const whole = read({}, '/events?after=0')
  await until('everything is there', () => whole.events.length === 5)
})

test('who was away for longer than the record reaches is told that there is a gap, once', async () => {
  const { log, read, add } = await setUp({}, 3)
  add('1')
  const id = String(log.newest)
  add('2', '3', '4', '5')
  const reader = read({ 'last-event-id': id })
  await until('the rest is there', () => reader.events.length === 4)
  expect(texts(reader)).toEqual(['gap', '3', '4', '5'])
  const after = read({ 'last-event-id': reader.events[0]!.id })
  await until('the rest is there again', () => after.events.length === 3)
  expect(texts(after)).toEqual(['3', '4', '5'])
})

test('without follow it is a list, and nonsense is refused', async () => {
  const { app, log, add } = await setUp({}, 2)
  add('1', '2', '3')
  const list = await app.inject('/events?follow=false')
  expect(list.json()).toMatchObject({ newest: log.newest, gap: false, events: [{ text: '2' }, { text: '3' }] })
  expect((await app.inject(`/events?follow=false&after=${log.newest - 3}`)).json()).toMatchObject({ gap: true })
  for (const query of ['after=x', 'after=-1', 'after=', 'follow=no', 'limit=3', 'after=1&after=2'])
    expect((await app.inject(`/events?follow=false&${query}`)).statusCode, query).toBe(400)
})

test('who reads too slowly is cut off, costs little memory meanwhile, and disturbs nobody', async () => {
  const { log, read, began, served } = await setUp({}, 200)
  const slow = read()
  const quick = read()
  await began(slow)
  await began(quick)
  slow.socket.pause()
  const detail = { filler: 'x'.repeat(20_000) }
  let added = 0
  let mostBuffered = 0
  await until('the slow one is cut', async () => {
    for (const end = added + 50; added < end; ) {
      added += 1
      log.add({ type: 'notice', text: String(added), detail })
    }
    for (const socket of served) mostBuffered = Math.max(mostBuffered, socket.writableLength)
    await until('the quick one keeps up', () => quick.events.length === added)
    return served.size === 1
  })
  // What it is sent before the kernel takes no more, and one event too many: not the record, nor what is added meanwhile.
  expect(mostBuffered).toBeLessThan(100_000)
  expect(texts(quick)).toEqual(Array.from({ length: added }, (_, i) => String(i + 1)))
})

test('only so many follow at once, and one that leaves makes room', async () => {
  const { read, began } = await setUp({ most: () => 2 })
  const [first, second] = [read(), read()]
  await began(first)
  await began(second)
  const third = read()
  await until('the third is refused', () => third.text().includes('503'))
  expect(third.text()).toContain('retry-after: 10')
  first.socket.destroy()
  await until('there is room', async () => {
    const next = read()
    await until('it is answered', () => next.text().length > 0)
    return next.text().includes('200 OK')
  })
})

test('while nothing happens a comment says that the stream lasts', async () => {
  const { read } = await setUp({ heartbeatMs: 10 })
  const reader = read()
  await until('two heartbeats', () => reader.text().split(': still here\n\n').length > 2)
  expect(reader.events).toEqual([])
})

test('a token that is taken away ends what it has opened', async () => {
  const access = new AdminAccess()
  const sha256 = createHash('sha256').update('t').digest('hex')
  access.use([{ name: 'ana', role: 'read', sha256 }])
  const { read, began } = await setUp({ access, heartbeatMs: 10 })
  const refused = read()
  await until('without a token it is refused', () => refused.text().includes('401'))
  const reader = read({ authorization: 'Bearer t' })
  await began(reader)
  access.use([])
  await until('the stream has ended', () => reader.text().endsWith('0\r\n\r\n'))
})
