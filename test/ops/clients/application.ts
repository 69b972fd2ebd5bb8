// An application that commits a record, and is gone before it answers. It speaks what each client speaks.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const PAGE = readFileSync(new URL('./page.html', import.meta.url))

export class Application {
  readonly #server: Server
  readonly #onRecord: (request: IncomingMessage) => void
  records = 0
  /** What a page says came of its call. */
  readonly said: Promise<string>
  #saying: (said: string) => void = () => {}

  /** @param onRecord instead of the first answer to a request that has made a record; later ones get theirs */
  private constructor(onRecord: (request: IncomingMessage) => void) {
    this.#onRecord = onRecord
    this.said = new Promise(resolve => {
      this.#saying = resolve
    })
    this.#server = createServer((request, response) => {
      const { url = '/' } = request
      if (url.startsWith('/said?')) this.#saying(decodeURIComponent(url.slice('/said?'.length)))
      if (request.method !== 'POST') {
        response.setHeader('Content-Type', 'text/html')
        return response.end(url === '/' ? PAGE : 'hello')
      }
      let body = ''
      request.setEncoding('utf8').on('data', text => {
        body += text
      })
      request.on('end', () => {
        if (body.includes('create')) {
          this.records += 1
          if (this.records === 1) return this.#onRecord(request)
        }
        const [type, answer] = answerTo(url, body, this.records)
        response.setHeader('Content-Type', type).end(answer)
      })
    })
  }

  static async start(onRecord: (request: IncomingMessage) => void): Promise<Application> {
    const application = new Application(onRecord)
    await new Promise<void>(resolve => application.#server.listen(0, '127.0.0.1', resolve))
    return application
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

function answerTo(url: string, body: string, record: number): [type: string, answer: string] {
  if (url === '/page') return ['text/plain', String(record)]
  if (url === '/xmlrpc') {
    const value = `<value><int>${record}</int></value>`
    return [
      'text/xml',
      `<?xml version="1.0"?><methodResponse><params><param>${value}</param></params></methodResponse>`,
    ]
  }
  const { id } = JSON.parse(body) as { id: number }
  return ['application/json', JSON.stringify({ id, result: record })]
}
