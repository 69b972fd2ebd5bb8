// One tunnel between two raw sockets: what each side sees, byte by byte, when the tunnel has to end. Time runs ten times as fast.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Timeouts } from '../../../../src/plan/bounds.ts'
import { TimerWheel } from '../../../../src/proxy/runtime/timer-wheel.ts'
import type { TunnelEnd } from '../../../../src/proxy/runtime/tunnel-end.ts'
import { openTunnel, type TunnelRuntime } from '../../../../src/proxy/tunnel/tunnel.ts'
import { Tunnels } from '../../../../src/proxy/tunnel/tunnels.ts'
import { GAUGE, TOTAL } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow } from '../../../../src/shared/counters.ts'
import { closeFrame } from '../../../../src/websocket/frames.ts'
import { IN_TIME, until } from '../../../support/until.ts'

const MIB = 1_048_576
const SLOT = 3
const SPEED = 10
/** Of the tunnel's time; a test that moves much slows it down. */
let speed = SPEED

const timeouts = (tunnelMs: number, idleMs: number) => ({ tunnelMs, idleMs }) as Timeouts
const LONG = timeouts(3_600_000, 60_000)

const CLOSE_1012 = Buffer.from(closeFrame(1012, 'service restart'))
const CLOSE_1001 = Buffer.from(closeFrame(1001, 'going away'))

class Peer {
  readonly socket: Socket
  #chunks: Buffer[] = []
  #bytes = 0
  ending: 'open' | 'fin' | 'reset' = 'open'

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
    })
    socket.on('end', () => {
      this.ending = 'fin'
    })
    socket.on('error', () => {
      this.ending = 'reset'
    })
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  send(...bytes: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes))
  }

  got(...frames: readonly Uint8Array[]): Promise<unknown> {
    const expected = Buffer.concat(frames)
    return until(`${expected.length} bytes come`, () => this.#bytes >= expected.length).then(() =>
      expect(this.received.equals(expected), this.received.toString('latin1', 0, 200)).toBe(true),
    )
  }
}

/** A frame of 0x11 bytes, or of text. A client's has the masking key 0, which leaves the bytes as they are. */
function frame(from: 'client' | 'server', first: number, content: number | string): Buffer {
  const payload = typeof content === 'string' ? Buffer.from(content) : Buffer.alloc(content, 0x11)
  const extended = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + extended + (from === 'client' ? 4 : 0))
  head[0] = first
  head[1] = (from === 'client' ? 0x80 : 0) | (extended === 0 ? payload.length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(payload.length, 2)
  else if (extended === 8) head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}
const down = (content: number | string, first = 0x82) => frame('server', first, content)
const up = (content: number | string, first = 0x82) => frame('client', first, content)
const clientClose = (status: number) => Buffer.from(closeFrame(status, '', Buffer.alloc(4)))

/** What a masked Close frame says, whatever its key. */
function readMaskedClose(bytes: Buffer): [status: number, reason: string] {
  expect([bytes[0], bytes[1]! & 0x80]).toEqual([0x88, 0x80])
  const payload = Buffer.from(bytes.subarray(6, 6 + (bytes[1]! & 0x7f)))
  for (let i = 0; i < payload.length; i += 1) payload[i]! ^= bytes[2 + (i % 4)]!
  expect(bytes.length, 'nothing follows it').toBe(6 + payload.length)
  return [payload.readUInt16BE(0), payload.toString('latin1', 2)]
}

const servers: Server[] = []
const peers: Peer[] = []
let row: CounterRow
let tunnels: Tunnels
let runtime: TunnelRuntime
let unexpected: unknown[] = []
let clock: NodeJS.Timeout

beforeEach(() => {
  speed = SPEED
  const wheel = new TimerWheel(0)
  let [now, last] = [0, performance.now()]
  clock = setInterval(() => {
    now += (performance.now() - last) * speed
    last = performance.now()
    wheel.advance(now)
  }, 5)
  row = new CounterRow(allocateCounters(1), 0)
  tunnels = new Tunnels()
  unexpected = []
  runtime = { row, wheel, tunnels, unexpected: (error: unknown) => unexpected.push(error) } as unknown as TunnelRuntime
})

afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy()
  try {
    await until('nothing is left of the tunnel', () => tunnels.size === 0)
    expect([row.gauge(SLOT, GAUGE.tunnels), row.gauge(SLOT, GAUGE.connections)]).toEqual([0, 0])
    expect(unexpected).toEqual([])
  } finally {
    clearInterval(clock)
    for (const server of servers.splice(0)) server.close()
  }
})

async function listen(): Promise<{ port: number; accepted: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    accepted: once(server, 'connection').then(([socket]) => socket as Socket),
  }
}

async function pair(): Promise<[near: Socket, far: Socket]> {
  const { port, accepted } = await listen()
  const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  await once(near, 'connect')
  return [near, await accepted]
}

interface Setup {
  readonly protocol?: string
  readonly timeouts?: Timeouts
  readonly early?: { readonly client?: Buffer; readonly upstream?: Buffer }
}

async function tunnel({ protocol = 'websocket', timeouts = LONG, early = {} }: Setup = {}): Promise<[Peer, Peer]> {
  const [clientEnd, clientSocket] = await pair()
  const [upstreamEnd, upstreamSocket] = await pair()
  const end = (socket: Socket, bytes: Buffer | undefined): TunnelEnd => {
    socket.pause()
    return { stream: socket, early: bytes, onData: listener => socket.on('data', listener) }
  }
  const plan = { upstream: { slot: SLOT, ended: false }, timeouts, protocol }
  openTunnel(runtime, plan, end(clientEnd, early.client), end(upstreamEnd, early.upstream))
  const [client, upstream] = [new Peer(clientSocket), new Peer(upstreamSocket)]
  peers.push(client, upstream)
  return [client, upstream]
}

/** Both connections have come to a clean end, from vigia's side. */
async function ended(client: Peer, upstream: Peer): Promise<void> {
  await until('both sides see the end', () => client.ending !== 'open' && upstream.ending !== 'open')
  expect([client.ending, upstream.ending]).toEqual(['fin', 'fin'])
  client.socket.end()
  upstream.socket.end()
  await until('the tunnel is gone', () => tunnels.size === 0)
}

describe('a WebSocket whose upstream has been drained', () => {
  test('is closed on both sides, each with its own Close frame', async () => {
    const [client, upstream] = await tunnel()
    upstream.send(down('hello'))
    client.send(up('hi'))
    await client.got(down('hello'))
    await upstream.got(up('hi'))
    tunnels.endUpstream(SLOT, 0)
    await client.got(down('hello'), CLOSE_1012)
    expect(client.ending).toBe('open')
    expect(upstream.received.length).toBe(up('hi').length)
    client.send(clientClose(1012))
    await ended(client, upstream)
    expect(readMaskedClose(upstream.received.subarray(up('hi').length))).toEqual([1001, 'going away'])
    await client.got(down('hello'), CLOSE_1012)
    expect(row.total(SLOT, TOTAL.tunnelsDrained)).toBe(1)
  })

  test.each([
    ['in its first byte', 1],
    ['in its length', 3],
    ['after its head', 4],
    ['in its payload', 150],
    ['before its last byte', 203],
  ])('lets a frame that is cut %s come to its end, and drops the next one', async (_, cut) => {
    const [client, upstream] = await tunnel()
    const message = down(200)
    upstream.send(message.subarray(0, cut))
    await client.got(message.subarray(0, cut))
    tunnels.endUpstream(SLOT, 0)
    await until('it is ending', () => row.total(SLOT, TOTAL.tunnelsDrained) === 1)
    upstream.send(message.subarray(cut), down('dropped'))
    upstream.send(down('dropped too'))
    await client.got(message, CLOSE_1012)
    client.send(clientClose(1012))
    await ended(client, upstream)
    await client.got(message, CLOSE_1012)
  })

  test('is closed between two fragments of a message', async () => {
    const [client, upstream] = await tunnel()
    const fragments = [down('one', 0x01), down('two', 0x00)]
    upstream.send(...fragments)
    await client.got(...fragments)
    tunnels.endUpstream(SLOT, 0)
    await client.got(...fragments, CLOSE_1012)
    client.send(clientClose(1012))
    await ended(client, upstream)
  })

  test.each([1, 2, 7, 1000])(
    'still passes what the client had sent before its Close, in pieces of %i, and nothing after it',
    async size => {
      // A busy machine may take longer than the client has to answer.
      speed = 1
      const [client, upstream] = await tunnel()
      tunnels.endUpstream(SLOT, 0)
      await client.got(CLOSE_1012)
      const sent = Buffer.concat([up('an order', 0x01), up(3, 0x89), up(' to ship', 0x80)])
      const all = Buffer.concat([sent, clientClose(4000), up('too late')])
      for (let at = 0; at < all.length; at += size) {
        client.send(all.subarray(at, at + size))
        await new Promise(resolve => setImmediate(resolve))
      }
      await ended(client, upstream)
      expect(upstream.received.subarray(0, sent.length).equals(sent)).toBe(true)
      expect(readMaskedClose(upstream.received.subarray(sent.length))).toEqual([1001, 'going away'])
    },
  )

  test('ends after two seconds where the client does not answer the Close frame', async () => {
    const [client, upstream] = await tunnel()
    const began = performance.now()
    tunnels.endUpstream(SLOT, 0)
    await client.got(CLOSE_1012)
    await ended(client, upstream)
    expect((performance.now() - began) * SPEED).toBeGreaterThan(1_900)
    expect(readMaskedClose(upstream.received)).toEqual([1001, 'going away'])
  })

  test('is let go a second later where nobody follows the end', async () => {
    const [client, upstream] = await tunnel()
    tunnels.endUpstream(SLOT, 0)
    await until('it is gone', () => tunnels.size === 0)
    expect([client.ending, upstream.ending]).not.toContain('open')
  })

  test('ends after two seconds, without a Close frame, where a frame does not come to its end', async () => {
    const [client, upstream] = await tunnel()
    const [part, ask] = [down(200).subarray(0, 100), up(100).subarray(0, 50)]
    upstream.send(part)
    client.send(ask)
    await Promise.all([client.got(part), upstream.got(ask)])
    const began = performance.now()
    tunnels.endUpstream(SLOT, 0)
    await ended(client, upstream)
    expect((performance.now() - began) * SPEED).toBeGreaterThan(1_900)
    await client.got(part)
    await upstream.got(ask)
  })

  test.each(['upstream', 'client'] as const)('ends at once where the %s breaks the protocol', async side => {
    const [client, upstream] = await tunnel()
    const [from, to] = side === 'client' ? [client, upstream] : [upstream, client]
    from.send(Buffer.from('these are no frames'))
    await to.got(Buffer.from('these are no frames'))
    from.send(Buffer.from(', but they pass'))
    await to.got(Buffer.from('these are no frames, but they pass'))
    tunnels.endUpstream(SLOT, 0)
    await ended(client, upstream)
    expect(to.received.toString()).toMatch(/but they pass$/)
  })

  test('ends at once where it breaks the protocol while a boundary is awaited', async () => {
    const [client, upstream] = await tunnel()
    upstream.send(down('x').subarray(0, 1))
    await client.got(down('x').subarray(0, 1))
    tunnels.endUpstream(SLOT, 0)
    await until('it is ending', () => row.total(SLOT, TOTAL.tunnelsDrained) === 1)
    upstream.send(Buffer.from([0xff]))
    await ended(client, upstream)
  })

  test('that is being closed by the upstream gets no second Close frame', async () => {
    const [client, upstream] = await tunnel()
    const theirs = Buffer.from(closeFrame(4321, 'maintenance'))
    upstream.send(theirs)
    await client.got(theirs)
    tunnels.endUpstream(SLOT, 0)
    await until('it is ending', () => row.total(SLOT, TOTAL.tunnelsDrained) === 1)
    client.send(clientClose(4321))
    await upstream.got(clientClose(4321))
    upstream.socket.end()
    await until('the client sees the end', () => client.ending !== 'open')
    await client.got(theirs)
    client.socket.end()
    await until('the tunnel is gone', () => tunnels.size === 0)
    await upstream.got(clientClose(4321))
  })

  test('that the client is closing gets no second Close frame either', async () => {
    const [client, upstream] = await tunnel()
    client.send(clientClose(1000))
    await upstream.got(clientClose(1000))
    tunnels.endUpstream(SLOT, 0)
    await until('it is ending', () => row.total(SLOT, TOTAL.tunnelsDrained) === 1)
    upstream.send(Buffer.from(closeFrame(1000, '')))
    await client.got(Buffer.from(closeFrame(1000, '')))
    await ended(client, upstream)
    await upstream.got(clientClose(1000))
  })

  test('counts the bytes that came before the tunnel was open', async () => {
    const [message, order] = [down(50), up(40)]
    const early = { upstream: message.subarray(0, 20), client: order.subarray(0, 3) }
    const [client, upstream] = await tunnel({ early })
    await client.got(message.subarray(0, 20))
    tunnels.endUpstream(SLOT, 0)
    await until('it is ending', () => row.total(SLOT, TOTAL.tunnelsDrained) === 1)
    upstream.send(message.subarray(20))
    await client.got(message, CLOSE_1012)
    client.send(order.subarray(3), clientClose(1012))
    await ended(client, upstream)
    expect(upstream.received.subarray(0, order.length).equals(order)).toBe(true)
    expect(readMaskedClose(upstream.received.subarray(order.length))).toEqual([1001, 'going away'])
  })

  test('delivers a large frame to a client that reads slowly, whole, before the Close', async () => {
    speed = 1
    const [client, upstream] = await tunnel()
    client.socket.pause()
    const message = down(8 * MIB)
    upstream.send(message)
    await until('the frame is stuck', () => upstream.socket.writableLength > 0)
    tunnels.endUpstream(SLOT, 0)
    await until('it is ending', () => row.total(SLOT, TOTAL.tunnelsDrained) === 1)
    client.socket.resume()
    await client.got(message, CLOSE_1012)
    client.send(clientClose(1012))
    await ended(client, upstream)
  })

  test('whose client has finished sending is told, and ends without an answer', async () => {
    const [client, upstream] = await tunnel()
    client.socket.end()
    await until('the upstream sees it', () => upstream.ending === 'fin')
    tunnels.endUpstream(SLOT, 0)
    await client.got(CLOSE_1012)
    await until('the client sees the end', () => client.ending === 'fin')
  })

  test('whose client leaves instead of answering ends at once', async () => {
    // So the two seconds that it might have waited are ten.
    speed = 0.2
    const [client, upstream] = await tunnel()
    const began = performance.now()
    tunnels.endUpstream(SLOT, 0)
    await client.got(CLOSE_1012)
    client.socket.end()
    await ended(client, upstream)
    expect((performance.now() - began) * speed).toBeLessThan(1_900)
    expect(readMaskedClose(upstream.received)).toEqual([1001, 'going away'])
  })

  test('is asked again without harm', async () => {
    const [client, upstream] = await tunnel()
    tunnels.endUpstream(SLOT, 60_000)
    tunnels.endUpstream(SLOT, 0)
    await client.got(CLOSE_1012)
    tunnels.endUpstream(SLOT, 0)
    client.send(clientClose(1012))
    await ended(client, upstream)
    expect(row.total(SLOT, TOTAL.tunnelsDrained)).toBe(1)
  })
})

describe('at a stop', () => {
  test('a WebSocket is told that vigia goes away', async () => {
    const [client, upstream] = await tunnel()
    tunnels.stop(30_000)
    await client.got(CLOSE_1001)
    client.send(clientClose(1001))
    await ended(client, upstream)
    expect(row.total(SLOT, TOTAL.tunnelsDrained)).toBe(0)
  })

  test('a tunnel of another protocol ends, after what was under way', async () => {
    const [client, upstream] = await tunnel({ protocol: 'tcp' })
    upstream.send(Buffer.from([0x82, 0x05]))
    client.send(Buffer.from('?'))
    await client.got(Buffer.from([0x82, 0x05]))
    await upstream.got(Buffer.from('?'))
    tunnels.stop(30_000)
    await ended(client, upstream)
    await client.got(Buffer.from([0x82, 0x05]))
  })
})

describe('a tunnel of which one side has finished sending', () => {
  test.each(['client', 'upstream'] as const)(
    'ends when the other is quiet for `timeouts.idle` (%s)',
    IN_TIME,
    async side => {
      const [client, upstream] = await tunnel({ timeouts: timeouts(3_600_000, 2_000) })
      const [from, to] = side === 'client' ? [client, upstream] : [upstream, client]
      const began = performance.now()
      from.socket.end()
      await until('the end arrives', () => to.ending === 'fin')
      for (let i = 0; i < 4; i += 1) {
        await new Promise(resolve => setTimeout(resolve, 100))
        to.send(Buffer.from('.'))
      }
      await until('the bytes arrive', () => from.received.length === 4 || tunnels.size === 0)
      expect(from.received.length).toBe(4)
      await until('the tunnel is gone', () => tunnels.size === 0)
      expect((performance.now() - began) * SPEED).toBeGreaterThan(5_900)
    },
  )

  test('keeps a tunnel timeout that is shorter', async () => {
    const [client] = await tunnel({ timeouts: timeouts(1_000, 3_600_000) })
    client.socket.end()
    await until('the tunnel is gone', () => tunnels.size === 0)
  })
})

describe('pieces that have to wait', () => {
  test('arrive as they were, also from a buffer that is used again as soon as it is given back', async () => {
    const [clientEnd, clientSocket] = await pair()
    const [upstreamEnd, upstreamSocket] = await pair()
    const [client, upstream] = [new Peer(clientSocket), new Peer(upstreamSocket)]
    peers.push(client, upstream)
    let listener: (chunk: Buffer) => boolean = () => false
    const plan = { upstream: { slot: SLOT, ended: false }, timeouts: LONG, protocol: 'tcp' }
    openTunnel(
      runtime,
      plan,
      { stream: clientEnd, early: undefined, onData: each => clientEnd.on('data', each) },
      {
        stream: upstreamEnd,
        early: undefined,
        onData: each => {
          listener = each
        },
      },
    )
    client.socket.pause()
    const sent: Buffer[] = []
    let buffer = Buffer.alloc(131_072)
    let kept = 0
    for (let i = 0; i < 400; i += 1) {
      const size = i % 3 === 0 ? 131_072 : 64 + i
      const piece = buffer.subarray(0, size).fill(i % 251)
      sent.push(Buffer.from(piece))
      if (listener(piece)) {
        kept += 1
        buffer = Buffer.alloc(131_072)
      }
    }
    expect(kept, 'only long pieces keep their buffer').toBeLessThanOrEqual(134)
    client.socket.resume()
    await client.got(...sent)
  })
})
