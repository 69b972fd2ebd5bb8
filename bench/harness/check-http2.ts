// Sends one request of a scenario over HTTP/2, for a look at what comes back.
import { type ClientHttp2Session, connect } from 'node:http2'
import { type ScenarioRequest, wireHeaders } from '../scenarios/scenario.ts'

/** With prior knowledge. `destroy` ends it. */
export function http2Client(port: number): ClientHttp2Session {
  const client = connect(`http://127.0.0.1:${port}`)
  // Each request says what was wrong with it.
  client.on('error', () => {})
  return client
}

export function sendHttp2(
  client: ClientHttp2Session,
  request: ScenarioRequest,
  timeoutMs: number,
): Promise<{ status: number; body: Buffer }> {
  const { method, path, body } = request
  const fields = wireHeaders(request).map(([name, value]) => [name.toLowerCase(), value] as const)
  const sent = fields.filter(([name]) => name !== 'host' && name !== 'connection')
  return new Promise((resolve, reject) => {
    const stream = client.request({ ':method': method, ':path': path, ...Object.fromEntries(sent) })
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', headers => {
      status = Number(headers[':status'])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }))
    stream.on('error', reject)
    stream.setTimeout(timeoutMs, () => stream.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    stream.end(body)
  })
}
