// A plain HTTP client on node:http for tests of whole exchanges: streams large bodies and hashes what comes back.

import { createHash } from 'node:crypto'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { patternBlocks } from './http-upstream.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Text of the body, if it is below 1 MiB; else empty. */
  readonly body: string
  readonly bodyBytes: number
  readonly bodySha256: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Sends this many bytes of `pattern` instead of `body`. */
  readonly patternBytes?: number
  readonly chunked?: boolean
  readonly agent?: Agent
}

const KEPT_BYTES = 1_048_576

export function newAgent(sockets: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: sockets })
}

/** One request, on a connection of its own unless an agent is given. Rejects if the answer is cut. */
export function askHttp(port: number, path: string, ask: Ask = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, patternBytes, chunked = false, agent } = ask
  return new Promise((resolve, reject) => {
    const length = patternBytes ?? (body === undefined ? undefined : Buffer.byteLength(body))
    const framing =
      length === undefined ? {} : chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { ...headers, ...framing }, agent: agent ?? false },
      response => {
        const hash = createHash('sha256')
        const parts: Buffer[] = []
        let bodyBytes = 0
        response.on('data', (chunk: Buffer) => {
          hash.update(chunk)
          bodyBytes += chunk.length
          if (bodyBytes <= KEPT_BYTES) parts.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          const text = bodyBytes <= KEPT_BYTES ? Buffer.concat(parts).toString() : ''
          const { statusCode = 0, headers: got } = response
          resolve({ status: statusCode, headers: got, body: text, bodyBytes, bodySha256: hash.digest('hex') })
        })
      },
    )
    sent.on('error', reject)
    if (patternBytes === undefined) sent.end(body)
    else {
      const blocks = patternBlocks(patternBytes)
      const pump = () => {
        for (let block = blocks.next(); !block.done; block = blocks.next()) {
          if (!sent.write(block.value)) {
            sent.once('drain', pump)
            return
          }
        }
        sent.end()
      }
      pump()
    }
  })
}
