import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TestKeeper, tempHeldPath } from '../../support/held-keeper.ts'
import { ANSWERED } from '../../support/held-requests.ts'

const ioError = () => Object.assign(new Error('disk I/O error'), { errcode: 10, errstr: 'disk I/O error' })

describe('after an end without a word', () => {
  test('what waits goes out, what was answered stays, what was being sent is in doubt unless it may come twice', () => {
    const it = new TestKeeper()
    const [answered, once, twice, waiting] = it.hold(
      { key: 'a' },
      { key: 'b' },
      { key: 'c', repeatable: true },
      { key: 'b', body: 'behind' },
    )
    it.gate(true)
    it.keeper.flush()
    it.answer()
    // Nothing is closed: the lock goes with the process, which a test does not end.
    it.keeper.unit().close()
    const again = new TestKeeper({ path: it.path })
    expect([answered, once, twice, waiting].map(id => again.state(id!))).toEqual([
      'answered',
      'in-doubt',
      'waiting',
      'waiting',
    ])
    expect([again.table.isHeld('orders a'), again.table.isHeld('orders b')]).toEqual([false, true])
    again.gate(true)
    again.keeper.flush()
    expect(again.worker.sent).toMatchObject([{ id: twice, attempt: 2 }])
  })

  test('an answer that comes after all ends the doubt', () => {
    const it = new TestKeeper({ isOpen: true })
    const [id] = it.hold({}, {})
    it.keeper.unit().close()
    const again = new TestKeeper({ path: it.path, isOpen: true })
    expect(again.state(id!)).toBe('in-doubt')
    const { seq } = it.worker.sent[0]!
    again.keeper.hear(again.worker.port, { type: 'forwarded', outcomes: [{ seq, outcome: ANSWERED }] })
    again.keeper.flush()
    expect(again.state(id!)).toBe('answered')
    expect(again.worker.sent).toHaveLength(1)
  })

  test('ids are never given again, also after what had them was removed', () => {
    const it = new TestKeeper({ plan: { result: { keepMs: 1_000, bodyBytes: 10 } }, isOpen: true })
    const [id] = it.hold({})
    it.answer()
    it.pass(2_000)
    it.keeper.tidy()
    expect(it.state(id!)).toBeUndefined()
    it.keeper.close()
    const again = new TestKeeper({ path: it.path })
    expect(again.hold({})).not.toEqual([id])
    expect(again.state(id!)).toBeUndefined()
  })
})

describe('a disk that fails', () => {
  test('no room: nothing is held, what was sent is not forgotten, it is said once, and heals by itself', () => {
    const it = new TestKeeper({ isOpen: true })
    const [first] = it.hold({ body: '1' }, { body: '2' })
    const { db } = it.keeper.unit().rows
    const pages = Number(Object.values(db.prepare('PRAGMA page_count').get()!)[0])
    db.exec(`PRAGMA max_page_count = ${pages + 1}`)
    expect(it.hold({ key: 'x', body: 'y'.repeat(100_000) })).toEqual(['disk'])
    expect(it.table.isHeld('orders x')).toBe(false)
    expect(it.hold({ key: 'x' })).toEqual(['disk'])
    it.answer({ ...ANSWERED, body: new Uint8Array(50_000) })
    it.pass(1_500)
    expect(it.hold({ key: 'x' })).toEqual(['disk'])
    expect(it.health.map(({ status }) => status)).toEqual(['ok', 'degraded'])
    expect(it.health[1]).toMatchObject({ reason: expect.stringContaining('no room left') })
    expect(it.bodiesSent()).toEqual(['1'])
    db.exec('PRAGMA max_page_count = 1000000')
    // Also where the clock is set back meanwhile.
    it.setMs = -3_600_000
    it.pass(1_500)
    expect(it.health.map(({ status }) => status)).toEqual(['ok', 'degraded', 'ok'])
    expect(it.state(first!)).toBe('answered')
    expect(it.bodiesSent()).toEqual(['1', '2'])
  })

  test.each([true, false])('a commit that fails without saying whether it was written (it was: %s)', isWritten => {
    const it = new TestKeeper({ isOpen: true })
    const unit = it.keeper.unit()
    const commit = unit.commit.bind(unit)
    unit.commit = () => {
      if (isWritten) commit()
      throw ioError()
    }
    // Neither receipt nor refusal: nobody knows yet.
    expect(it.hold({ body: '1' })).toEqual([''])
    expect(it.health.at(-1)).toMatchObject({ status: 'degraded' })
    it.pass(1_500)
    const [id] = [...it.worker.receipts.values()].map(each => each.id)
    // It was never sent, whatever the file said.
    it.pass(1_000)
    expect(it.bodiesSent()).toEqual(['1'])
    it.answer()
    expect(it.state(id!)).toBe('answered')
    expect(it.keeper.unit().views.list({}).rows).toHaveLength(1)
    expect(it.keeper.counts().get('orders')!.totals).toMatchObject({ held: 1, refused: 0 })
  })

  test('an outcome in such a commit is written once', () => {
    const it = new TestKeeper({ isOpen: true })
    const [id] = it.hold({})
    const unit = it.keeper.unit()
    unit.commit = () => {
      throw ioError()
    }
    it.answer()
    it.pass(1_500)
    expect(it.state(id!)).toBe('answered')
    expect(it.worker.sent).toHaveLength(1)
    expect(it.worker.port.inFlight.size).toBe(0)
  })

  test('a deleted file is written back whole', () => {
    const it = new TestKeeper()
    const [id] = it.hold({})
    for (const end of ['', '-wal', '-shm']) rmSync(it.path + end)
    it.hold({ body: '2' })
    expect(it.notices).toEqual([expect.stringContaining('was deleted while vigia ran')])
    it.keeper.close()
    const again = new TestKeeper({ path: it.path })
    expect(again.state(id!)).toBe('waiting')
    expect(again.keeper.counts().get('orders')!.waiting).toBe(2)
  })

  test('a file that was replaced is not written to', () => {
    const it = new TestKeeper()
    it.hold({})
    for (const end of ['', '-wal', '-shm']) rmSync(it.path + end)
    writeFileSync(it.path, '')
    expect(it.hold({})).toEqual(['disk'])
    expect(it.health.at(-1)).toMatchObject({ reason: expect.stringContaining('was replaced') })
    expect(statSync(it.path).size).toBe(0)
  })

  test('a corrupt file is set aside, and what can be read is carried over: what may have been sent is in doubt', () => {
    const it = new TestKeeper()
    const ids = it.hold(...Array.from({ length: 200 }, (_, n) => ({ key: `${n}`, repeatable: n % 2 === 0 })))
    it.keeper.close()
    const fd = openSync(it.path, 'r+')
    // In the middle, whatever lies there.
    writeSync(fd, randomBytes(4_096), 0, 4_096, Math.floor(statSync(it.path).size / 8_192) * 4_096)
    closeSync(fd)
    const again = new TestKeeper({ path: it.path })
    again.gate(true)
    again.pass(1_500)
    again.pass(1_500)
    expect(again.health.at(-1)).toMatchObject({ status: 'ok' })
    expect(readdirSync(dirname(it.path)).some(name => name.startsWith('held.db.corrupt-'))).toBe(true)
    expect(again.notices).toEqual([expect.stringContaining('was set aside')])
    const states = ids.map(id => again.state(id))
    expect(states.filter(state => state !== undefined).length).toBeGreaterThan(50)
    // Nothing went out that may not come twice.
    for (const [n, state] of states.entries()) if (n % 2 === 1) expect(['in-doubt', undefined]).toContain(state)
    expect(again.hold({})[0]).toMatch(/^[\w-]{22}$/)
  })

  test('a file of another program is left alone', () => {
    const path = tempHeldPath()
    writeFileSync(path, 'no database at all, but long enough to be looked at'.repeat(100))
    const it = new TestKeeper({ path })
    expect(it.hold({})).toEqual(['disk'])
    expect(it.table.isHeld('orders any')).toBe(false)
  })

  test('one vigia for a file', () => {
    const it = new TestKeeper()
    const second = new TestKeeper({ path: it.path })
    expect(second.hold({})).toEqual(['disk'])
    expect(second.health).toMatchObject([{ status: 'degraded', reason: expect.stringContaining('another vigia') }])
    it.keeper.close()
    second.pass(1_500)
    expect(second.health.at(-1)).toMatchObject({ status: 'ok' })
  })
})

describe('encryption', () => {
  const keyAt = (folder: string, name: string): string => {
    const path = join(folder, name)
    writeFileSync(path, randomBytes(32))
    return path
  }
  const bytesOf = (path: string) => Buffer.concat(['', '-wal'].flatMap(end => read(path + end)))
  const read = (path: string): Buffer[] => {
    try {
      return [readFileSync(path)]
    } catch {
      return []
    }
  }

  test('with a key neither bodies nor fields nor queries nor answers are in the file', () => {
    const path = tempHeldPath()
    const it = new TestKeeper({ path, keyFiles: [keyAt(dirname(path), 'a')], isOpen: true })
    const [id] = it.hold({ body: 'the customer is called Meyer', fingerprint: 'f' })
    it.answer()
    const detail = it.keeper.unit().views.show(id!, true)!
    expect(Buffer.from(detail.body!).toString()).toBe('the customer is called Meyer')
    expect(Buffer.from(detail.result!.body!).toString()).toBe('created')
    const bytes = bytesOf(path)
    expect(['Meyer', 'text/plain', 'token=secret', 'created'].filter(secret => bytes.includes(secret))).toEqual([])
  })

  test('a new key in front encrypts all anew, and the old one can go; without its key nothing is lost or sent', () => {
    const path = tempHeldPath()
    const [a, b] = ['a', 'b'].map(name => keyAt(dirname(path), name)) as [string, string]
    const plain = new TestKeeper({ path })
    const [first] = plain.hold({ body: 'one' })
    plain.keeper.close()
    const old = new TestKeeper({ path, keyFiles: [a] })
    while (old.keeper.tidy()) {}
    expect(bytesOf(path).includes('Content-Type')).toBe(true)
    old.keeper.close()
    // What was there before is overwritten once the log is in the file.
    expect(readFileSync(path).includes('Content-Type')).toBe(false)
    const none = new TestKeeper({ path, isOpen: true })
    expect(none.health).toMatchObject([{ status: 'degraded', reason: expect.stringContaining('held.keyFiles') }])
    expect(none.hold({})).toEqual(['disk'])
    none.keeper.close()
    const both = new TestKeeper({ path, keyFiles: [b, a] })
    while (both.keeper.tidy()) {}
    both.keeper.close()
    const fresh = new TestKeeper({ path, keyFiles: [b], isOpen: true })
    expect(fresh.worker.sent).toMatchObject([{ id: first }])
    expect(fresh.bodiesSent()).toEqual(['one'])
  })

  test('what was changed in the file is not sent, but dead', () => {
    const path = tempHeldPath()
    const it = new TestKeeper({ path, keyFiles: [keyAt(dirname(path), 'a')] })
    const [id, other] = it.hold({ key: 'a' }, { key: 'b' })
    // One request's bytes under another.
    it.keeper.unit().rows.db.exec('UPDATE content SET bytes = (SELECT bytes FROM content WHERE seq = 2) WHERE seq = 1')
    it.gate(true)
    it.keeper.flush()
    it.keeper.flush()
    expect(it.worker.sent).toMatchObject([{ id: other }])
    expect(it.state(id!)).toBe('dead')
    it.keeper.close()
    // Nor does it stand in the way of a new key.
    const keys = ['b', 'a'].map((name, at) => (at === 0 ? keyAt(dirname(path), name) : join(dirname(path), name)))
    const rotated = new TestKeeper({ path, keyFiles: keys })
    while (rotated.keeper.tidy()) {}
    rotated.keeper.close()
    const fresh = new TestKeeper({ path, keyFiles: [keys[0]!] })
    expect(fresh.health).toMatchObject([{ status: 'ok' }])
    expect(fresh.state(other!)).toBe('in-doubt')
  })

  test('a key that is none is said so', () => {
    const path = tempHeldPath()
    const key = join(dirname(path), 'short')
    writeFileSync(key, 'abc')
    const it = new TestKeeper({ path, keyFiles: [key] })
    expect(it.health).toMatchObject([{ reason: expect.stringContaining('has 3 bytes instead of 32') }])
  })
})
