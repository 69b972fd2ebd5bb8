// One request to the admin listener. With node:http, not with fetch, which takes longer to load than the rest of `vigia status`.

import type { IncomingMessage, RequestOptions } from 'node:http'

// To import it would load fetch as well.
const { request } = process.getBuiltinModule('node:http')

export interface Asked {
  /** Default: GET. */
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Ends the request, and the answer while it comes, with the signal's reason. */
  readonly signal: AbortSignal
}

/** Resolves as the answer begins; what follows ends with an error where the connection breaks. A redirect is an answer like any other. */
export async function send(url: URL, { method = 'GET', headers, body, signal }: Asked): Promise<IncomingMessage> {
  const begin = url.protocol === 'https:' ? process.getBuiltinModule('node:https').request : request
  // A connection that is kept may be closed just as it is used again: one for each.
  const options: RequestOptions = { method, headers: { ...headers, ...lengthOf(body) }, agent: false }
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined
    const call = begin(url, options, begun => {
      answer = begun
      resolve(begun)
    })
    const stop = () => {
      answer?.destroy(signal.reason)
      call.destroy(signal.reason)
    }
    call.on('error', reject)
    call.on('close', () => signal.removeEventListener('abort', stop))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
    call.end(body)
  })
}

/** node:http says it of a POST only. */
function lengthOf(body: string | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
}
