// Buffers of one worker with a spool whose thread's side runs in this thread, when it is told to: what it does is seen, and can be held up.

import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { BufferLimits } from '../../src/policy/process/buffer-limits.ts'
import type { BufferTrouble } from '../../src/policy/request/buffering/trouble.ts'
import { Buffers } from '../../src/proxy/spool/buffers.ts'
import type { FromSpool, ToSpool } from '../../src/proxy/spool/protocol.ts'
import { FreeSpace, SpoolFiles } from '../../src/proxy/spool/spool-files.ts'
import { BufferAccounts } from '../../src/shared/buffer-accounts.ts'
import { allocateCounters, CounterRow } from '../../src/shared/counters.ts'

export interface Spooling {
  readonly buffers: Buffers
  readonly accounts: BufferAccounts
  readonly row: CounterRow
  readonly files: SpoolFiles
  readonly troubles: BufferTrouble[]
  /** How often a port was asked for. */
  readonly asked: () => number
  /** The thread's side stops, and goes on. */
  hold(): void
  goOn(): void
  /** Gives the worker the port that it asked for. */
  connect(): void
  /** The thread dies. */
  die(): void
}

export function spooling(limits: Partial<BufferLimits> & Pick<BufferLimits, 'directory'>): Spooling {
  const whole = { memoryBytes: 2 ** 30, diskBytes: 2 ** 30, keepFreeBytes: 0, files: 100, ...limits }
  const accounts = new BufferAccounts(undefined, 0)
  const row = new CounterRow(allocateCounters(1), 0)
  const files = new SpoolFiles(new FreeSpace())
  const troubles: BufferTrouble[] = []
  let asked = 0
  let port: MessagePort | undefined
  let isHeld = false
  const held: ToSpool[] = []
  const serve = (message: ToSpool) => {
    const answer: FromSpool | undefined = files.take(message)
    if (answer) port?.postMessage(answer, answer.type === 'unreadable' ? [] : [answer.bytes])
  }
  const connect = () => {
    const { port1, port2 } = new MessageChannel()
    port = port1
    port.on('message', (message: ToSpool) => (isHeld ? held.push(message) : serve(message)))
    port.unref()
    buffers.spool.connect(port2)
    port2.unref()
  }
  const buffers = new Buffers(whole, accounts, row, {
    askForSpool() {
      asked += 1
      connect()
    },
    spoolTrouble: trouble => troubles.push(trouble),
  })
  return {
    buffers,
    accounts,
    row,
    files,
    troubles,
    asked: () => asked,
    hold() {
      isHeld = true
    },
    goOn() {
      isHeld = false
      for (const message of held.splice(0)) serve(message)
    },
    connect,
    die() {
      files.end()
      port?.close()
    },
  }
}
