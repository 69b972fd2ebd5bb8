// A stream that carries a tunnel: bytes in any pieces, its ends, and that nobody is let send on while they are not read.

import { expect, test } from 'vitest'
import { StreamTunnel } from '../../../../src/proxy/client/http2/stream-tunnel.ts'
import { until } from '../../../support/until.ts'

function tunnelOf() {
  const done: string[] = []
  let room = true
  const carrier = {
    write: (chunk: Buffer) => {
      done.push(`write ${chunk}`)
      return room
    },
    endTunnel: () => done.push('end'),
    replenish: () => done.push('replenish'),
    abort: () => done.push('abort'),
  }
  const fill = () => {
    room = false
  }
  return { tunnel: new StreamTunnel(carrier), done, fill }
}

test('what comes while nobody reads is held in few pieces, replenishes nothing, and comes in order', async () => {
  const { tunnel, done } = tunnelOf()
  const sent = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251))
  // Some to fill the buffer of the stream, then a byte at a time.
  tunnel.onBytes(sent, 0, 100_000)
  const before = done.length
  for (let at = 100_000; at < sent.length; at += 1) tunnel.onBytes(sent, at, at + 1)
  tunnel.onEnd()
  expect(done.length).toBe(before)
  const pieces: Buffer[] = []
  tunnel.on('data', (piece: Buffer) => pieces.push(piece))
  await until('it has ended', () => tunnel.readableEnded)
  expect(pieces.length).toBeLessThan(4)
  expect(Buffer.concat(pieces).equals(sent)).toBe(true)
})

test('what is read lets the client send on', async () => {
  const { tunnel, done } = tunnelOf()
  tunnel.resume()
  tunnel.onBytes(Buffer.from('abc'), 0, 3)
  await until('it may', () => done.includes('replenish'))
})

test('a write waits until the client takes it', async () => {
  const { tunnel, done, fill } = tunnelOf()
  fill()
  let written = 0
  tunnel.write('one', () => {
    written += 1
  })
  tunnel.end()
  expect([written, done.includes('end')]).toEqual([0, false])
  tunnel.onDrain()
  await until('it has ended', () => done.includes('end'))
  expect(written).toBe(1)
})

test('a reset of the client is an error, and aborts once', async () => {
  const { tunnel, done } = tunnelOf()
  const error = new Promise<NodeJS.ErrnoException>(resolve => tunnel.on('error', resolve))
  tunnel.onReset()
  expect((await error).code).toBe('ECONNRESET')
  expect(done).toEqual(['abort'])
})
