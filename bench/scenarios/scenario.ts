// What one scenario is: the request that the load sends, the answer that must come back, and over how many connections.
// Data only: it starts nothing and knows no proxy.

export interface Scenario {
  readonly name: string
  /** One line for the report. */
  readonly title: string
  readonly request: ScenarioRequest
  readonly answer: ScenarioAnswer
  /** Keep-alive connections from the load generator. */
  readonly connections: number
}

export interface ScenarioRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Host first, in the order in which they go on the wire; Content-Length is added for a body. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | undefined
}

export interface ScenarioAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

/** The headers with Content-Length where there is a body. */
export function wireHeaders({ headers, body }: ScenarioRequest): (readonly [string, string])[] {
  return body === undefined ? [...headers] : [...headers, ['Content-Length', String(Buffer.byteLength(body))]]
}

/** The whole request as it goes on the wire. */
export function wireRequest(request: ScenarioRequest): string {
  const head = wireHeaders(request).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${request.method} ${request.path} HTTP/1.1\r\n${head.join('')}\r\n${request.body ?? ''}`
}
