// A socket whose other side has answered, closed and reset, while nobody reads: what can still be read after a write has failed.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { FailableWrites } from '../../../../src/proxy/upstream/write-failure.ts'
import { sleep, until } from '../../../support/until.ts'

const cleanUp: (() => unknown)[] = []
afterEach(() => {
  for (const each of cleanUp.splice(0)) each()
})

interface End {
  readonly socket: Socket
  readonly writes: FailableWrites
  /** What each failed write said of whether a byte had left. */
  readonly failed: boolean[]
  read: string
  ended: boolean
  error: string
}

/** @param answer what the other side does once it has got a byte; before: `atOnce` */
async function endOf(answer: (socket: Socket) => void, readOn: boolean, atOnce = false): Promise<End> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    if (atOnce) answer(socket)
    else socket.once('data', () => answer(socket.pause()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  cleanUp.push(
    () => server.close(),
    () => socket.destroy(),
  )
  const failed: boolean[] = []
  const writes = new FailableWrites(socket, anyLeft => {
    failed.push(anyLeft)
    return readOn
  })
  const end: End = { socket, writes, failed, read: '', ended: false, error: '' }
  socket.pause()
  socket.on('data', chunk => {
    end.read += chunk.toString('latin1')
  })
  socket.on('end', () => {
    end.ended = true
  })
  socket.on('error', error => {
    end.error = (error as NodeJS.ErrnoException).code ?? error.message
  })
  await new Promise<void>(resolve => socket.once('connect', resolve))
  return end
}

const answerAndReset = (socket: Socket) => socket.write('answer', () => setTimeout(() => socket.resetAndDestroy(), 5))
const answerAndClose = (socket: Socket) => socket.end('answer', () => setTimeout(() => socket.resetAndDestroy(), 5))

test('after a reset the answer is read to its end, and later writes wait', async () => {
  const end = await endOf(answerAndReset, true)
  end.socket.write('request')
  await sleep(100)
  end.socket.write('more')
  end.socket.write('still more')
  await until('a write has failed', () => end.failed.length > 0)
  end.socket.resume()
  await until('all is read', () => end.ended)
  expect([end.read, end.failed, end.error]).toEqual(['answer', [true], ''])
  expect([end.writes.failure, end.writes.metReset]).toEqual(['ECONNRESET', true])
})

test('a FIN before the reset is told apart: the answer ends where it should', async () => {
  const end = await endOf(answerAndClose, true)
  end.socket.write('request')
  await sleep(100)
  end.socket.write('more')
  await until('a write has failed', () => end.failed.length > 0)
  end.socket.resume()
  await until('all is read', () => end.ended)
  expect([end.read, end.writes.failure, end.writes.metReset]).toEqual(['answer', 'EPIPE', false])
})

test('a first write that fails at once says that nothing has left', async () => {
  const end = await endOf(answerAndReset, false, true)
  await sleep(100)
  end.socket.write('request')
  await until('the socket is destroyed as usual', () => end.error !== '')
  expect([end.read, end.failed, end.writes.failure]).toEqual(['', [false], undefined])
})
