import { describe, expect, test } from 'vitest'
import { TestKeeper } from '../../support/held-keeper.ts'
import { ANSWERED } from '../../support/held-requests.ts'

const IN_DOUBT = { type: 'in-doubt', upstream: 'erp1', cause: 'reset', bytesSent: 100 } as const
const NOT_SENT = { type: 'not-sent', code: 'no-upstream-available', detail: '' } as const

describe('holding', () => {
  test('each gets an id of its own, and is as it was sent when it goes out', () => {
    const it = new TestKeeper()
    const [a, b] = it.hold({ body: 'one' }, { body: 'two', key: 'other' })
    expect(a).toMatch(/^[\w-]{22}$/)
    expect(b).not.toBe(a)
    expect(it.worker.sent).toEqual([])
    it.gate(true)
    it.keeper.flush()
    const [first] = it.worker.sent
    expect(first).toMatchObject({ id: a, attempt: 1, sinceMs: 1_800_000_000_000, resultBytes: 65_536 })
    expect(first!.request).toMatchObject({ target: '/orders?token=secret', method: 'POST', peer: '192.0.2.1' })
    expect(first!.request.fields).toContain('caf\u00e9')
    expect(it.bodiesSent()).toEqual(['one', 'two'])
  })

  test('more than its route may have is refused, by count and by bytes', () => {
    const it = new TestKeeper({ plan: { maxRequests: 2 } })
    expect(it.hold({}, {}, {})[2]).toBe('full')
    it.configure({ maxBytes: 2_000 })
    expect(it.hold({ body: 'x'.repeat(2_000) })).toEqual(['full'])
    expect(it.keeper.counts().get('orders')).toMatchObject({ waiting: 2, totals: { held: 2, refused: 2 } })
  })

  test('a request of a route that holds none is refused', () => {
    expect(new TestKeeper().hold({ route: 'other' })).toEqual(['closed'])
  })

  test('a repeat has the id of the first, another body with its key is a conflict, and so it stays once it is answered', () => {
    const it = new TestKeeper()
    const asked = { dedupe: 'a', body: 'one' }
    const [first, second] = it.hold(asked, asked)
    expect(second).toBe(first)
    expect(it.hold({ dedupe: 'a', body: 'two' })).toEqual(['conflict'])
    it.gate(true)
    it.keeper.flush()
    it.answer()
    expect(it.hold(asked, { ...asked, body: 'two' })).toEqual([first, 'conflict'])
    expect(it.keeper.counts().get('orders')!.totals).toMatchObject({ held: 1, repeats: 2 })
  })

  test('a key is known until its answer is removed, over a restart too; what is asked only as a repeat is not held', () => {
    const it = new TestKeeper({ isOpen: true, plan: { result: { keepMs: 60_000, bodyBytes: 100 } } })
    const [first] = it.hold({ dedupe: 'a' })
    it.answer()
    expect(it.table.isHeld('orders k')).toBe(false)
    expect(it.table.isHeld('a')).toBe(true)
    const onlyAsRepeat = true
    expect(it.hold({ dedupe: 'a', onlyAsRepeat }, { dedupe: 'b', onlyAsRepeat })).toEqual([first, 'new'])
    expect(it.keeper.counts().get('orders')).toMatchObject({ waiting: 0, totals: { refused: 0 } })
    it.keeper.close()
    const again = new TestKeeper({ path: it.path, isOpen: true })
    expect(again.table.isHeld('a')).toBe(true)
    again.pass(60_001)
    again.keeper.tidy()
    expect(again.table.isHeld('a')).toBe(false)
    expect(again.hold({ dedupe: 'a', onlyAsRepeat })).toEqual(['new'])
  })

  test('a body is a repeat only until its request has ended', () => {
    const it = new TestKeeper({ plan: { dedupe: 'body' }, isOpen: true })
    const [first] = it.hold({ dedupe: 'a' })
    expect(it.hold({ dedupe: 'a' })).toEqual([first])
    it.answer()
    expect(it.hold({ dedupe: 'a' })).not.toEqual([first])
  })
})

describe('order', () => {
  test('one at a time goes out of a key, in order of arrival; keys do not wait for each other', () => {
    const it = new TestKeeper({ isOpen: true })
    it.hold({ key: 'a', body: 'a1' }, { key: 'a', body: 'a2' }, { key: 'b', body: 'b1' }, { key: 'a', body: 'a3' })
    expect(it.bodiesSent()).toEqual(['a1', 'b1'])
    it.answer()
    expect(it.bodiesSent()).toEqual(['a1', 'b1', 'a2'])
    it.answer()
    it.answer()
    expect(it.bodiesSent()).toEqual(['a1', 'b1', 'a2', 'a3'])
  })

  test('newer requests of a key are told to wait until the last one of it is answered', () => {
    const it = new TestKeeper({ isOpen: true })
    it.hold({}, {})
    expect(it.table.isHeld('orders k')).toBe(true)
    expect(it.table.isHeld('orders other')).toBe(false)
    it.answer()
    expect(it.table.isHeld('orders k')).toBe(true)
    it.answer()
    expect(it.table.isHeld('orders k')).toBe(false)
  })

  test('one that could not be sent holds its key until its time has come, and goes first then', () => {
    const it = new TestKeeper({ isOpen: true })
    it.hold({ body: '1' }, { body: '2' })
    it.answer(NOT_SENT)
    expect(it.bodiesSent()).toEqual(['1'])
    it.pass(3_000)
    expect(it.bodiesSent()).toEqual(['1'])
    it.pass(1_000)
    expect(it.bodiesSent()).toEqual(['1', '1'])
    // That was no attempt.
    expect(it.worker.sent[1]!.attempt).toBe(1)
  })

  test('what could not be sent goes at once when the pool serves again', () => {
    const it = new TestKeeper({ isOpen: true })
    it.hold({})
    it.answer(NOT_SENT)
    it.gate(false)
    it.gate(true)
    it.keeper.flush()
    expect(it.worker.sent).toHaveLength(2)
  })

  test('not more at once than the route says, and not faster', () => {
    const it = new TestKeeper({
      plan: { forward: { perSecond: 20, concurrency: 3, afterMs: 0, retry: { attempts: 3, firstMs: 1, mostMs: 1 } } },
      isOpen: true,
    })
    it.hold(...Array.from({ length: 6 }, (_, n) => ({ key: `${n}` })))
    expect(it.worker.sent).toHaveLength(2)
    it.pass(50)
    expect(it.worker.sent).toHaveLength(3)
    it.pass(1_000)
    expect(it.worker.sent).toHaveLength(3)
    it.answer()
    expect(it.worker.sent).toHaveLength(4)
  })
})

describe('what becomes of it', () => {
  test('an answer is kept and shown to the sender', () => {
    const it = new TestKeeper({ isOpen: true })
    const [id] = it.hold({})
    it.answer({ ...ANSWERED, status: 422 })
    it.keeper.hear(it.worker.port, { type: 'look-up', number: 1, id: id! })
    expect(it.worker.found).toMatchObject({ state: 'answered', result: { status: 422, isWhole: true } })
    expect(Buffer.from(it.worker.found!.result!.body).toString()).toBe('created')
    it.keeper.hear(it.worker.port, { type: 'look-up', number: 1, id: 'A'.repeat(22) })
    expect(it.worker.found).toBeUndefined()
  })

  test('in doubt and not repeatable: its key stops, and a person is told', () => {
    const it = new TestKeeper({ isOpen: true })
    const [id] = it.hold({ body: '1' }, { body: '2' }, { key: 'other', body: '3' })
    it.answer(IN_DOUBT)
    it.pass(60_000)
    expect(it.bodiesSent()).toEqual(['1', '3'])
    expect(it.events.at(-1)).toMatchObject({ type: 'held.in-doubt', row: { id, state: 'in-doubt' } })
    expect(it.table.isHeld('orders k')).toBe(true)
  })

  test('where the route says so its key goes on, also when it says so later', () => {
    const it = new TestKeeper({ isOpen: true })
    it.hold({ body: '1' }, { body: '2' })
    it.answer(IN_DOUBT)
    it.configure({ inDoubt: 'go-on' })
    it.keeper.flush()
    expect(it.bodiesSent()).toEqual(['1', '2'])
    it.answer()
    expect(it.table.isHeld('orders k')).toBe(false)
  })

  test('in doubt and repeatable: it goes again, until its attempts are spent', () => {
    const it = new TestKeeper({ isOpen: true })
    const [id] = it.hold({ repeatable: true })
    for (const attempt of [1, 2, 3]) {
      expect(it.worker.sent.at(-1)!.attempt).toBe(attempt)
      it.answer(IN_DOUBT)
      it.pass(60_000)
    }
    expect(it.worker.sent).toHaveLength(3)
    expect(it.state(id!)).toBe('dead')
    expect(it.events.filter(({ type }) => type === 'held.dead')).toHaveLength(1)
  })

  test('an error of the upstream is a result, but where a repeat is safe it goes again', () => {
    const it = new TestKeeper({ isOpen: true })
    const [once, again] = it.hold({ key: 'a' }, { key: 'b', repeatable: true })
    it.answer({ ...ANSWERED, status: 500 })
    it.answer({ ...ANSWERED, status: 503 })
    expect([it.state(once!), it.state(again!)]).toEqual(['answered', 'waiting'])
    it.pass(4_000)
    it.answer()
    expect(it.state(again!)).toBe('answered')
  })

  test('who waits for longer than the route allows is dead, and the next of its key goes', () => {
    const it = new TestKeeper({ plan: { ttlMs: 60_000 } })
    const [id] = it.hold({ body: '1' })
    it.nowMs += 50_000
    it.hold({ body: '2' })
    it.gate(true)
    it.pass(11_000)
    expect(it.state(id!)).toBe('dead')
    expect(it.bodiesSent()).toEqual(['2'])
  })

  test('the clock is set years ahead: for a day nothing dies of its age, no answer is removed, and all is sent', () => {
    const it = new TestKeeper({ plan: { ttlMs: 60_000, result: { keepMs: 60_000, bodyBytes: 100 } } })
    const [waiting, next] = it.hold({ body: '1' }, { body: '2' })
    it.setMs = 10 * 365 * 86_400_000
    it.pass(6_000)
    expect(it.state(waiting!)).toBe('waiting')
    it.gate(true)
    it.keeper.flush()
    it.answer()
    expect(it.bodiesSent()).toEqual(['1', '2'])
    it.setMs = 20 * 365 * 86_400_000
    it.keeper.tidy()
    expect(it.state(waiting!)).toBe('answered')
    it.answer()
    expect(it.state(next!)).toBe('answered')
    it.pass(86_400_001)
    it.keeper.tidy()
    expect(it.state(waiting!)).toBeUndefined()
  })

  test('its worker ends: what may come twice goes again, the rest is in doubt', () => {
    const it = new TestKeeper({ isOpen: true })
    const [a, b] = it.hold({ key: 'a' }, { key: 'b', repeatable: true })
    it.keeper.disconnect(it.worker.port)
    it.keeper.flush()
    expect([it.state(a!), it.state(b!)]).toEqual(['in-doubt', 'waiting'])
  })

  test('a sender that wants to be called is, until it was', () => {
    const it = new TestKeeper({ isOpen: true })
    const [id] = it.hold({ callback: 'https://shop.test/done' })
    it.answer()
    const call = { type: 'held.call', url: 'https://shop.test/done', row: { id, state: 'answered', status: 201 } }
    expect(it.events.find(({ type }) => type === 'held.call')).toMatchObject(call)
    it.keeper.close()
    const again = new TestKeeper({ path: it.path })
    expect(again.events).toMatchObject([call])
    again.keeper.called(id!)
    again.keeper.close()
    expect(new TestKeeper({ path: it.path }).events).toEqual([])
  })
})

describe('what people ask for', () => {
  const order = async (it: TestKeeper, what: Parameters<TestKeeper['keeper']['order']>[0]) => {
    const done = it.keeper.order(what)
    it.keeper.flush()
    return await done
  }

  test('one in doubt is settled: carried out or not', async () => {
    const it = new TestKeeper({ isOpen: true })
    const [a, b] = it.hold({ key: 'a' }, { key: 'b' })
    it.answer(IN_DOUBT)
    it.answer(IN_DOUBT)
    await order(it, { type: 'settle', id: a!, carriedOut: true, note: 'order 12 is there' })
    await order(it, { type: 'settle', id: b!, carriedOut: false, note: 'it is not there' })
    expect([it.state(a!), it.state(b!)]).toEqual(['answered', 'sending'])
    expect(it.worker.sent).toHaveLength(3)
  })

  test('a dead one goes again, at its place in the order', async () => {
    const it = new TestKeeper({ plan: { ttlMs: 60_000 } })
    const [first] = it.hold({ body: '1' })
    it.pass(61_000)
    it.hold({ body: '2' })
    expect(await order(it, { type: 'retry', ids: [first!], ttlMs: undefined })).toEqual({ done: [first], left: [] })
    it.gate(true)
    it.keeper.flush()
    expect(it.bodiesSent()).toEqual(['1'])
    it.answer()
    expect(it.bodiesSent()).toEqual(['1', '2'])
    expect(it.keeper.counts().get('orders')).toMatchObject({ dead: 0, waiting: 0, sending: 1 })
  })

  test('one that is to go at some time waits for it, and later ones of its key with it', async () => {
    const it = new TestKeeper({ plan: { ttlMs: 60_000 } })
    const [first] = it.hold({ body: '1' })
    it.pass(61_000)
    it.hold({ body: '2' })
    it.gate(true)
    const notBeforeMs = it.nowMs + 30_000
    await order(it, { type: 'retry', ids: [first!], ttlMs: undefined, notBeforeMs })
    it.pass(29_000)
    expect(it.bodiesSent()).toEqual([])
    it.pass(1_001)
    expect(it.bodiesSent()).toEqual(['1'])
    it.answer()
    expect(it.bodiesSent()).toEqual(['1', '2'])
  })

  test('what is dropped is no longer held; what is being sent, or is over, is left', async () => {
    const it = new TestKeeper({ isOpen: true })
    const [a, b] = it.hold({ body: '1' }, { body: '2' })
    const { done, left } = await order(it, { type: 'drop', ids: [a!, b!, 'none'], reason: 'cancelled' })
    expect(done).toEqual([b])
    expect(left.map(({ why }) => why)).toEqual(['it is being sent', 'there is no such held request'])
    it.answer()
    expect(it.table.isHeld('orders k')).toBe(false)
    expect((await order(it, { type: 'drop', ids: [a!], reason: 'x' })).left).toHaveLength(1)
  })

  test('pages, by route, state and key', () => {
    const it = new TestKeeper()
    it.hold({ key: 'a' }, { key: 'b' }, { key: 'a' })
    const { views } = it.keeper.unit()
    const page = views.list({ limit: 2 })
    expect(page.rows.map(({ keyText }) => keyText)).toEqual(['a', 'b'])
    expect(views.list({ after: page.next! }).rows).toHaveLength(1)
    expect(views.list({ key: 'a', state: 'waiting' }).rows).toHaveLength(2)
    expect(views.list({ state: 'dead' }).rows).toEqual([])
    expect(views.list({ route: 'other' }).rows).toEqual([])
    expect(page.rows[0]!.path).toBe('/orders')
  })
})
