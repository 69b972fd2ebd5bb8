// The coder between an exchange and its client: what it does where an encoder fails, and where somebody stops reading or leaves while
// bytes are with the encoder.

import { gunzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Fields } from '../../../../../src/http/fields.ts'
import { NO_FIELDS } from '../../../../../src/http/fields.ts'
import type { ResponseHead } from '../../../../../src/http/heads.ts'
import { Coder } from '../../../../../src/proxy/exchange/compression/coder.ts'
import { Compression } from '../../../../../src/proxy/exchange/compression/compression.ts'
import { type Encoder, type EncoderOwner, Encoders } from '../../../../../src/proxy/exchange/compression/encoders.ts'
import { ShortBodies } from '../../../../../src/proxy/exchange/compression/short-bodies.ts'
import type { ExchangeContext } from '../../../../../src/proxy/exchange/context.ts'
import type { Downstream } from '../../../../../src/proxy/exchange/downstream.ts'
import { ExchangeRecord } from '../../../../../src/proxy/exchange/record.ts'
import { allocateCounters, CounterRow } from '../../../../../src/shared/counters.ts'
import { until } from '../../../../support/until.ts'
import { fieldsOf, PLAN } from '../../../policy/request/compression/support.ts'

const TEXT = Buffer.from('All work and no play makes Jack a dull boy. '.repeat(300))
const HEAD: ResponseHead = {
  ...{ status: 200, reason: 'OK', minor: 1, length: -2, keepAlive: undefined, written: undefined, encoded: undefined },
  fields: fieldsOf(['Content-Type: text/plain']),
  options: { close: false, keepAlive: true, nominated: undefined, upgrade: undefined },
}

/** What an encoder of the coder is told to do happens when the test says so. */
class SlowEncoders extends Encoders {
  owner: EncoderOwner | undefined
  /** Bytes of each piece that was to be encoded; `end` for the end. */
  readonly asked: (number | 'end')[] = []

  override take(...args: Parameters<Encoders['take']>): Encoder | undefined {
    const [, , , , owner] = args
    const encoder = super.take(...args)
    if (!encoder) return undefined
    this.owner = owner
    encoder.encode = input => void this.asked.push(input.length)
    encoder.finish = () => void this.asked.push('end')
    return encoder
  }
}

let told: string[]
let sent: Buffer[]
let flows: boolean
let row: CounterRow
let record: ExchangeRecord

beforeEach(() => {
  told = []
  sent = []
  flows = true
  row = new CounterRow(allocateCounters(1), 0)
})

function coderWith(encoders: Encoders, compressions = 10): Coder {
  const down = {
    holdsBuffers: false,
    head: ({ length }: ResponseHead) => told.push(`head ${length}`),
    body: (chunk: Buffer, start: number, end: number) => sent.push(Buffer.from(chunk.subarray(start, end))),
    end: (trailers: Fields) => told.push(`end ${trailers.names.length}`),
    flush: () => flows,
  }
  const context = {
    encoders,
    shortBodies: new ShortBodies(encoders),
    row,
    active: { snapshot: { limits: { compressions } } },
  }
  const exchange = {
    onDownstreamDrain: () => told.push('drain'),
    onEncodedEnd: () => told.push('encoded end'),
    onEncoderFailed: () => told.push('failed'),
  }
  record = new ExchangeRecord('id', {} as never, { fields: fieldsOf(['Accept-Encoding: gzip']) } as never, {} as never)
  record.negotiate(new Compression(PLAN))
  return new Coder(
    context as unknown as ExchangeContext,
    record.negotiation!,
    down as unknown as Downstream,
    record,
    exchange,
  )
}

/** Hands over the head and so much of the body, and flushes. */
function begin(coder: Coder, bytes = TEXT.length): boolean {
  coder.head(HEAD, false, 'id', '')
  coder.body(TEXT, 0, bytes)
  return coder.flush()
}

describe('a body that is there as a whole', () => {
  test('goes with its length, before anything is flushed', async () => {
    const coder = coderWith(new Encoders(row))
    coder.head(HEAD, false, 'id', '')
    coder.body(TEXT, 0, 1000)
    coder.body(TEXT, 1000, 3000)
    coder.end(NO_FIELDS)
    expect([told, coder.isEnding]).toEqual([[], true])
    await until('it is encoded', () => told.includes('encoded end'))
    expect(told).toEqual([`head ${sent[0]!.length}`, 'end 0', 'encoded end'])
    expect(gunzipSync(Buffer.concat(sent)).equals(TEXT.subarray(0, 3000))).toBe(true)
    expect(coder.isEnding).toBe(false)
  })

  test('is compressed on this thread where there is no encoder', () => {
    const coder = coderWith(new Encoders(row), 0)
    coder.head(HEAD, false, 'id', '')
    coder.body(TEXT, 0, 3000)
    coder.end(NO_FIELDS)
    expect(coder.isEnding).toBe(false)
    expect(told).toEqual([`head ${sent[0]!.length}`, 'end 0'])
    expect(gunzipSync(Buffer.concat(sent)).equals(TEXT.subarray(0, 3000))).toBe(true)
  })

  test('breaks off as it came where it breaks off while it is encoded', () => {
    const encoders = new SlowEncoders(row)
    const coder = coderWith(encoders)
    coder.head({ ...HEAD, length: 3000 }, false, 'id', '')
    coder.body(TEXT, 0, 3000)
    coder.end(NO_FIELDS)
    encoders.owner!.onEncoderFailed(new Error('out of memory'))
    expect(told).toEqual(['head 3000', 'failed'])
    expect([sent, coder.isEnding]).toEqual([[], false])
  })
})

describe('a body that says its length', () => {
  test('is compressed as a whole where it is short, in however many pieces it comes', async () => {
    const coder = coderWith(new Encoders(row))
    coder.head({ ...HEAD, length: 3000 }, false, 'id', '')
    expect(coder.flush()).toBe(true)
    coder.body(TEXT, 0, 1000)
    expect(coder.flush()).toBe(true)
    expect(told).toEqual([])
    coder.body(TEXT, 1000, 3000)
    coder.end(NO_FIELDS)
    await until('it is encoded', () => told.includes('encoded end'))
    expect(told).toEqual([`head ${sent[0]!.length}`, 'end 0', 'encoded end'])
    expect(gunzipSync(Buffer.concat(sent)).equals(TEXT.subarray(0, 3000))).toBe(true)
  })

  test('goes to its encoder in pieces of 64 KiB, and its end whatever is left', () => {
    const encoders = new SlowEncoders(row)
    const coder = coderWith(encoders)
    coder.head({ ...HEAD, length: 7 * TEXT.length }, false, 'id', '')
    for (let i = 0; i < 7; i += 1) {
      coder.body(TEXT, 0, TEXT.length)
      expect(coder.flush()).toBe(true)
      if (i === 4) encoders.owner!.onEncoded()
    }
    expect(encoders.asked).toEqual([5 * TEXT.length])
    coder.end(NO_FIELDS)
    expect(encoders.asked).toEqual([5 * TEXT.length, 2 * TEXT.length])
    expect(told).toEqual(['head -2'])
  })
})

describe('a body that comes in pieces', () => {
  test('has its pieces gathered while one is being encoded, and its upstream asked to wait beyond 64 KiB', () => {
    const encoders = new SlowEncoders(row)
    const coder = coderWith(encoders)
    expect(begin(coder)).toBe(true)
    const flushed: boolean[] = []
    for (let i = 0; i < 6; i += 1) {
      coder.body(TEXT, 0, TEXT.length)
      flushed.push(coder.flush())
    }
    expect(encoders.asked).toEqual([TEXT.length])
    expect(flushed).toEqual([true, true, true, true, false, false])
    encoders.owner!.onEncoded()
    // All that has come goes in one piece, and its upstream may go on.
    expect(encoders.asked).toEqual([TEXT.length, 6 * TEXT.length])
    expect(told).toEqual(['head -2', 'drain'])
  })

  test('waits where the client takes nothing, but is encoded to its end once it has ended', () => {
    const encoders = new SlowEncoders(row)
    const coder = coderWith(encoders)
    flows = false
    expect(begin(coder)).toBe(false)
    expect(encoders.asked).toEqual([])
    coder.end(NO_FIELDS)
    expect(coder.isEnding).toBe(true)
    encoders.owner!.onEncoded()
    encoders.owner!.onEncoded()
    expect(encoders.asked).toEqual([TEXT.length, 'end'])
    expect(told).toEqual(['head -2', 'end 0', 'encoded end'])
    expect(coder.isEnding).toBe(false)
  })

  test('goes on where the client takes more again', () => {
    const encoders = new SlowEncoders(row)
    const coder = coderWith(encoders)
    flows = false
    begin(coder)
    flows = true
    // There is room, so its upstream may send more while this is encoded.
    expect(coder.drained()).toBe(true)
    expect(encoders.asked).toEqual([TEXT.length])
  })

  test('is counted by what goes out', async () => {
    const coder = coderWith(new Encoders(row))
    record.bytesOut += TEXT.length
    begin(coder)
    coder.end(NO_FIELDS)
    await until('it is encoded', () => told.includes('encoded end'))
    expect(gunzipSync(Buffer.concat(sent)).equals(TEXT)).toBe(true)
    expect([record.coding, record.bytesUncoded, record.bytesOut]).toEqual([
      'gzip',
      TEXT.length,
      Buffer.concat(sent).length,
    ])
  })
})

describe('where it breaks off', () => {
  test('a head that was held goes before, as it came', () => {
    const coder = coderWith(new Encoders(row))
    coder.head({ ...HEAD, length: 5000 }, false, 'id', '')
    coder.body(TEXT, 0, 10)
    coder.abort()
    expect(told).toEqual(['head 5000'])
    expect(Buffer.concat(sent).equals(TEXT.subarray(0, 10))).toBe(true)
  })

  test('nothing more comes of an encoder that still has bytes', async () => {
    const encoders = new Encoders(row)
    const coder = coderWith(encoders)
    begin(coder)
    coder.abort()
    // One that is asked for later is another one, and done when the first has long been.
    const done = new Promise<void>(resolve => {
      const owner = { onOutput() {}, onEncoded: resolve, onEncoderFailed() {} }
      encoders.take('gzip', 'fast', 'stream', 10, owner)!.encode(TEXT)
    })
    await done
    expect(sent).toEqual([])
    expect(told).toEqual(['head -2'])
  })

  test.each([false, true])('an encoder that fails breaks its answer off, once it has ended too: %s', hasEnded => {
    const encoders = new SlowEncoders(row)
    const coder = coderWith(encoders)
    begin(coder)
    if (hasEnded) coder.end(NO_FIELDS)
    encoders.owner!.onEncoderFailed(new Error('out of memory'))
    expect(told).toEqual(['head -2', 'failed'])
    expect(coder.isEnding).toBe(false)
  })
})
