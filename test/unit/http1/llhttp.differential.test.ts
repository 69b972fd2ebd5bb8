// Node's own parser (llhttp) as the second opinion: what it rejects, vigia rejects; what both accept, both read alike. Where llhttp is
// stricter than HTTP, it is given the same message in a spelling that it takes (SPELLINGS). Methods that it does not know end the comparison:
// a method is any token (RFC 9110 9.1), llhttp has a list.

import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amount } from '../../support/thorough.ts'
import { requestStream, responseStream } from './grammar.ts'
import { readRequests, readResponses } from './support.ts'

const BINDING = createRequire(import.meta.url)('_http_common') as Binding
const METHODS = BINDING.methods
const RUNS = Number(process.env.VIGIA_FUZZ_RUNS ?? amount(20_000, 2_000))

const BLANKS_IN_EXTENSION = /(?:\t;x=y| ; x = y)/g
/**
 * What llhttp rejects and HTTP lets pass; vigia has to read it as it reads the other spelling.
 */
const SPELLINGS: readonly (readonly [pattern: RegExp, spelling: string])[] = [
  // RFC 9110 2.5: a recipient treats HTTP/1.x after 1.1 as 1.1. llhttp knows 0.9, 1.0, 1.1 and 2.0.
  [/HTTP\/1\.[2-9]/g, 'HTTP/1.1'],
  // RFC 9112 7.1.1: blanks (BWS) may stand around `;` and `=` of a chunk extension. llhttp takes none.
  [BLANKS_IN_EXTENSION, ';x=y'],
]
/** RFC 9112 5.1: of a response a proxy drops the blank before the colon; llhttp rejects it, as vigia does in a request. */
const IN_RESPONSES: typeof SPELLINGS = [...SPELLINGS, [/(?<=^|\n)([!-9;-~]+)[\t ]+:/g, '$1:']]

/** A length that cuts through what is spelt anew would cut elsewhere. */
function isComparable(bytes: Buffer): boolean {
  const text = bytes.toString('latin1')
  return text.search(BLANKS_IN_EXTENSION) < 0 || !/content-length/i.test(text)
}

function spelt(bytes: Buffer, spellings: typeof SPELLINGS): Buffer {
  const text = spellings.reduce((sum, [pattern, spelling]) => sum.replace(pattern, spelling), bytes.toString('latin1'))
  return Buffer.from(text, 'latin1')
}

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
  /** It does not know the method of the message behind those that it has seen. */
  readonly unknownMethod: boolean
}

test('what llhttp rejects in a request is rejected, and what both accept is read alike', () => {
  fc.assert(
    fc.property(requestStream, bytes => {
      fc.pre(isComparable(bytes))
      const theirs = llhttp(spelt(bytes, SPELLINGS), 'REQUEST')
      const ours = readRequests([bytes])
      compare(
        ours.messages.map(({ head, body, complete }) => ({
          method: head.method,
          status: undefined,
          // llhttp tells an absolute-form target as it is; vigia tells what goes to the upstream.
          target: undefined,
          fields: shown(head.meaning.fields),
          body: spelt(Buffer.from(body, 'latin1'), SPELLINGS).toString('latin1'),
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
      fc.pre(isComparable(bytes))
      const theirs = llhttp(spelt(bytes, IN_RESPONSES), 'RESPONSE')
      const ours = readResponses([bytes])
      compare(
        ours.messages.map(({ head, body, complete }) => ({
          method: undefined,
          target: undefined,
          status: head.status,
          fields: shown(head.fields),
          body: spelt(Buffer.from(body, 'latin1'), IN_RESPONSES).toString('latin1'),
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
  all: readonly Seen[],
  stream: { readonly fault: unknown; readonly unfinished: boolean },
  theirs: LlhttpRun,
): void {
  const end = theirs.unknownMethod ? theirs.seen.length : all.length
  const odd = all[end]?.method
  if (odd !== undefined) expect(METHODS, 'a method that llhttp knows').not.toContain(odd)
  const ours = all.slice(0, end)
  if (theirs.rejected && !stream.unfinished && odd === undefined)
    expect(stream.fault, 'llhttp rejects, vigia does not').toBeDefined()
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
  const { HTTPParser, methods } = BINDING
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
  const { code } = result as { code?: string }
  return { seen, rejected: result instanceof Error, unknownMethod: code === 'HPE_INVALID_METHOD' }
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
