// The same question as check.ts for WebSocket: does a message come back as it was sent?
import { once } from 'node:events'
import { connect } from 'node:net'
import { FrameReader, frame } from '../load/websocket-frames.ts'
import { noise } from '../scenarios/noise.ts'
import { type ScenarioRequest, wireRequest } from '../scenarios/scenario.ts'

const timeoutMs = 3000

/** Undefined = right; else one line that says what was wrong. */
export async function findWrongEcho(
  port: number,
  request: ScenarioRequest,
  bytes: number,
): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1' })
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    socket.write(wireRequest(request))
    let head = ''
    while (!head.includes('\r\n\r\n')) head += String((await once(socket, 'data', { signal }))[0])
    if (!head.startsWith('HTTP/1.1 101 ')) return `answered "${head.split('\r\n')[0]}" instead of 101`
    const message = noise(bytes)
    let echo: Buffer | undefined
    const reader = new FrameReader(got => {
      echo = Buffer.from(got)
    })
    socket.write(frame(message, 'client'))
    while (echo === undefined) reader.push((await once(socket, 'data', { signal }))[0] as Buffer)
    return echo.equals(message) ? undefined : 'an echo that is not the message'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    socket.destroy()
  }
}
