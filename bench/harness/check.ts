// Decides whether a proxy tells the truth: sends a few requests of a scenario and compares status and body with what must come.
import { createHash } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { request as httpsRequest, Agent as TlsAgent } from 'node:https'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { type Scenario, type ScenarioRequest, wireHeaders } from '../scenarios/scenario.ts'
import { http2Client, sendHttp2 } from './check-http2.ts'
import { findWrongEcho } from './check-websocket.ts'

const samples = 5
const timeoutMs = 3000

/** Undefined = right; else one line that says what was wrong. The samples share one keep-alive connection. */
export async function findWrongAnswer(port: number, { request, answer, load }: Scenario): Promise<string | undefined> {
  if (load.kind === 'websocket') return findWrongEcho(port, request, load.messageBytes)
  const options = { keepAlive: true, maxSockets: 1 }
  const agent = load.kind === 'tls' ? new TlsAgent({ ...options, rejectUnauthorized: false }) : new Agent(options)
  const client = load.kind === 'http2' ? http2Client(port) : undefined
  try {
    for (let i = 0; i < samples; i++) {
      const got = client ? await sendHttp2(client, request, timeoutMs) : await send(port, request, agent)
      if (got.status !== answer.status) return `answered ${got.status} instead of ${answer.status}`
      if (hash(got.body) !== hash(answer.body))
        return `a body of ${got.body.length} bytes that is not the upstream's ${answer.body.length}`
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    agent.destroy()
    client?.destroy()
  }
}

/** Polls until the port answers as it must; undefined, or the last wrong answer when the deadline passes. */
export async function untilRight(
  port: number,
  scenario: Scenario,
  { deadlineMs, exited }: { readonly deadlineMs: number; readonly exited: () => boolean },
): Promise<string | undefined> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const wrong = await findWrongAnswer(port, scenario)
    if (wrong === undefined) return undefined
    if (exited() || performance.now() > end) return wrong
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

function send(port: number, scenarioRequest: ScenarioRequest, agent: Agent): Promise<{ status: number; body: Buffer }> {
  const { method, path, body } = scenarioRequest
  const headers = Object.fromEntries(wireHeaders(scenarioRequest))
  return new Promise((resolve, reject) => {
    const outgoing = (agent instanceof TlsAgent ? httpsRequest : httpRequest)(
      { host: '127.0.0.1', port, method, path, headers, agent, timeout: timeoutMs },
      incoming => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('end', () => {
          const body = Buffer.concat(chunks)
          resolve({ status: incoming.statusCode ?? 0, body: decoded(body, incoming.headers['content-encoding']) })
        })
        incoming.on('error', reject)
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function hash(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

function decoded(body: Buffer, coding: string | undefined): Buffer {
  switch (coding) {
    case 'gzip':
      return gunzipSync(body)
    case 'br':
      return brotliDecompressSync(body)
    case 'zstd':
      return zstdDecompressSync(body)
    default:
      return body
  }
}
