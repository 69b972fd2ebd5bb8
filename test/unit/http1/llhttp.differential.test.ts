// Node's own parser (llhttp) as the second opinion: what it rejects, vigia rejects; what both accept, both read alike.

import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amount } from '../../support/thorough.ts'
import { requestStream, responseStream } from './grammar.ts'
import { readRequests, readResponses } from './support.ts'

const RUNS = Number(process.env.VIGIA_FUZZ_RUNS ?? amount(20_000, 4_000))

interface Seen {
  readonly method: string | undefined
  readonly target: string | undefined
  readonly status: number | undefined
  readonly fields: string
  body: string
  complete: boolean
}
interface LlhttpRun {
  readonly seen: readonly Seen[]
  readonly rejected: boolean
}

test('what llhttp rejects in a request is rejected, and what both accept is read alike', () => {
  fc.assert(
    fc.property(requestStream, bytes => {
      const theirs = llhttp(bytes, 'REQUEST')
      const ours = readRequests([bytes])
      compare(
        ours.messages.map(({ head, body, complete }) => ({
          method: head.method,
          status: undefined,
          // llhttp tells an absolute-form target as it is; vigia tells what goes to the upstream.
          target: undefined,
          fields: shown(head.meaning.fields),
          body,
          complete,
        })),
        ours,
        { ...theirs, seen: theirs.seen.map(seen => ({ ...seen, target: undefined })) },
      )
    }),
    { numRuns: RUNS },
  )
})

test('what llhttp rejects in a response is rejected, and what both accept is read alike', () => {
  fc.assert(
    fc.property(responseStream, bytes => {
      const theirs = llhttp(bytes, 'RESPONSE')
      const ours = readResponses([bytes])
      compare(
        ours.messages.map(({ head, body, complete }) => ({
          method: undefined,
          target: undefined,
          status: head.status,
          fields: shown(head.fields),
          body,
          complete,
        })),
        ours,
        theirs,
      )
    }),
    { numRuns: RUNS },
  )
})

function compare(
  ours: readonly Seen[],
  stream: { readonly fault: unknown; readonly unfinished: boolean },
  theirs: LlhttpRun,
): void {
  if (theirs.rejected && !stream.unfinished) expect(stream.fault, 'llhttp rejects, vigia does not').toBeDefined()
  for (const [i, message] of ours.entries()) {
    // The message in which either side stopped may be told in part only.
    if (message.complete && theirs.seen[i]?.complete) expect(message).toEqual(theirs.seen[i])
    else if (message.complete) expect(theirs.seen[i], 'vigia read a message that llhttp did not').toEqual(message)
  }
}

/** Names as sent, values without surrounding white space (llhttp leaves some of it). */
function shown(fields: { readonly names: readonly string[]; readonly values: readonly string[] }): string {
  return fields.names.map((name, i) => `${name}: ${fields.values[i]}`).join('\n')
}

/** Node keeps the binding behind `_http_common`; there is no public access to its parser, and a server per case would be too slow. */
function llhttp(bytes: Buffer, kind: 'REQUEST' | 'RESPONSE'): LlhttpRun {
  const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as Binding
  const parser = new HTTPParser()
  const seen: Seen[] = []
  let early: string[] = []
  parser.initialize(HTTPParser[kind], {}, 1_000_000, 0)
  parser[HTTPParser.kOnHeaders | 0] = (raw: string[]) => {
    early.push(...raw)
  }
  parser[HTTPParser.kOnHeadersComplete | 0] = (
    _major: number,
    _minor: number,
    raw: string[] | undefined,
    method: number,
    url: string | undefined,
    status: number,
  ) => {
    const list = [...early, ...(raw ?? [])]
    early = []
    const names = list.filter((_, i) => i % 2 === 0)
    const values = list.filter((_, i) => i % 2 === 1).map(value => value.replace(/^[\t ]+|[\t ]+$/g, ''))
    seen.push({
      method: kind === 'REQUEST' ? methods[method] : undefined,
      target: kind === 'REQUEST' ? url : undefined,
      status: kind === 'RESPONSE' ? status : undefined,
      fields: shown({ names, values }),
      body: '',
      complete: false,
    })
    return 0
  }
  parser[HTTPParser.kOnBody | 0] = (chunk: Buffer) => {
    seen.at(-1)!.body += chunk.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    seen.at(-1)!.complete = true
  }
  const result = parser.execute(bytes)
  parser.close()
  return { seen, rejected: result instanceof Error }
}

interface Parser {
  initialize(kind: number, resource: object, maxHeaderSize: number, lenientFlags: number): void
  execute(bytes: Buffer): number | Error
  close(): void
  [callback: number]: unknown
}
interface Binding {
  readonly HTTPParser: {
    new (): Parser
    readonly REQUEST: number
    readonly RESPONSE: number
    readonly kOnHeaders: number
    readonly kOnHeadersComplete: number
    readonly kOnBody: number
    readonly kOnMessageComplete: number
  }
  readonly methods: readonly string[]
}
