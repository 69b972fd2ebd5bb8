// What following the frames of a WebSocket adds to each chunk of a tunnel, and noting a session to each request with affinity.
import { hashKey } from '../../src/policy/balance/hash.ts'
import { SessionTable } from '../../src/shared/sessions.ts'
import { FrameTracker } from '../../src/websocket/frames.ts'
import { frame } from '../load/websocket-frames.ts'
import type { MicroCase } from './case.ts'

/** One chunk is what one read brings. */
function framesCase(name: string, chunk: Buffer): MicroCase {
  return {
    name: `frames: ${name}`,
    run: times => {
      const tracker = new FrameTracker('client')
      let sum = 0
      for (let i = 0; i < times; i++) {
        tracker.push(chunk)
        if (tracker.atBoundary) sum += 1
      }
      return sum
    },
  }
}

const small = frame(Buffer.alloc(64), 'client')
const large = frame(Buffer.alloc(1_048_576), 'client')

export const tunnelCases: readonly MicroCase[] = [
  framesCase('a chunk of one message of 64 bytes', small),
  framesCase('a chunk of one message of 16 KiB', frame(Buffer.alloc(16_384), 'client')),
  framesCase('a chunk of 900 messages of 64 bytes', Buffer.concat(Array.from({ length: 900 }, () => small))),
  {
    name: 'frames: a chunk of 64 KiB within a message of 1 MiB',
    run: times => {
      const tracker = new FrameTracker('client')
      const chunks = Array.from({ length: 17 }, (_, i) => large.subarray(i * 65_536, (i + 1) * 65_536))
      let sum = 0
      for (let i = 0; i < times; i++) {
        tracker.push(chunks[i % 17]!)
        if (tracker.atBoundary) sum += 1
      }
      return sum
    },
  },
  {
    name: 'sessions: note one of 1000',
    run: times => {
      const table = new SessionTable()
      const keys = Array.from({ length: 1000 }, (_, i) => hashKey(`session-${i}`))
      for (let i = 0; i < times; i++) table.note(1 + (i & 3), keys[i % 1000]!)
      return table.sessions(1)
    },
  },
  {
    name: 'sessions: hash of a client address and a cookie known before',
    run: times => {
      let sum = 0
      for (let i = 0; i < times; i++) sum ^= hashKey(`198.51.100.${i & 127}`)
      return sum
    },
  },
]
