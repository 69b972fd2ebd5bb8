// Heads: gathered, parsed with the memo hit and missed, rewritten for the upstream and for the client.

import type { RequestHead, ResponseHead } from '../../src/http/heads.ts'
import { HeadReader } from '../../src/http1/head-reader.ts'
import { parseRequestHead, type RequestMemo } from '../../src/http1/request-head.ts'
import { requestText } from '../../src/http1/request-text.ts'
import { responseFields } from '../../src/http1/response-fields.ts'
import { parseResponseHead, type ResponseMemo } from '../../src/http1/response-head.ts'
import { forwardedRequest } from '../../src/proxy/exchange/request-fields.ts'
import { wireRequest } from '../scenarios/scenario.ts'
import { smallGet } from '../scenarios/small-get.ts'
import { type MicroCase, ring } from './case.ts'

const limits = { headBytes: 16_384, headerCount: 100, targetBytes: 8192 }
const client = {
  peer: '10.1.2.3',
  trusted: false,
  scheme: 'http',
  http2: false,
  listener: { name: 'web', host: '127.0.0.1', port: 8080 },
  tls: undefined,
  refused: undefined,
} as const
const bytes = wireRequest(smallGet.request)
/** Same length, another cookie: what a memo of the last head does not know. */
const variants = Array.from({ length: 8 }, (_, i) =>
  Buffer.from(bytes.toString('latin1').replace('session_id=8', `session_id=${i}`)),
)
const variantAt = ring(variants)
const requestTexts = variants.map(variant => variant.toString('latin1'))
const requestTextAt = ring(requestTexts)
const responseTexts = Array.from(
  { length: 8 },
  (_, i) =>
    `HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 01:00:0${i} GMT\r\nContent-Type: application/json\r\nContent-Length: 150\r\nConnection: keep-alive\r\n\r\n`,
)
const responseTextAt = ring(responseTexts)

function requestOf(text: string): RequestHead {
  const head = parseRequestHead(text, limits, { section: '', meaning: undefined })
  if (typeof head === 'string') throw new Error(`the benchmark's own request is refused: ${head}`)
  return head
}

function responseOf(text: string, memo: ResponseMemo = { text: '', head: undefined }): ResponseHead {
  const head = parseResponseHead(text, limits, memo)
  if (typeof head === 'string') throw new Error(`the benchmark's own response is refused: ${head}`)
  return head
}

export const headCases: readonly MicroCase[] = [
  {
    name: 'head: gather one whole request head',
    run: times => {
      const reader = new HeadReader(limits.headBytes)
      let sum = 0
      for (let i = 0; i < times; i++) sum += reader.push(variantAt(i), 0) + reader.text.charCodeAt(0)
      return sum
    },
  },
  parseRequests('head: parse request, memo hit', () => requestTexts[0]!),
  parseRequests('head: parse request, memo missed', requestTextAt),
  parseResponses('head: parse response, memo hit', () => responseTexts[0]!),
  parseResponses('head: parse response, memo missed', responseTextAt),
  {
    name: 'head: rewrite request fields',
    run: times => {
      const heads = ring(requestTexts.map(requestOf))
      let sum = 0
      for (let i = 0; i < times; i++) {
        const forwarded = forwardedRequest(heads(i), client, 'vigia', () => false)
        sum += requestText(heads(i), forwarded, 'erp', 'id', 'vigia-1-0123456789abcdef').length
      }
      return sum
    },
  },
  {
    name: 'head: parse and rewrite response fields, memo missed',
    run: times => {
      const memo: ResponseMemo = { text: '', head: undefined }
      let sum = 0
      for (let i = 0; i < times; i++) sum += responseFields(responseOf(responseTextAt(i), memo)).text.length
      return sum
    },
  },
]

function parseRequests(name: string, textAt: (index: number) => string): MicroCase {
  return {
    name,
    run: times => {
      const memo: RequestMemo = { section: '', meaning: undefined }
      let sum = 0
      for (let i = 0; i < times; i++) {
        const head = parseRequestHead(textAt(i), limits, memo)
        if (typeof head !== 'string') sum += head.target.length + head.meaning.fields.names.length
      }
      return sum
    },
  }
}

function parseResponses(name: string, textAt: (index: number) => string): MicroCase {
  return {
    name,
    run: times => {
      const memo: ResponseMemo = { text: '', head: undefined }
      let sum = 0
      for (let i = 0; i < times; i++) sum += responseOf(textAt(i), memo).status
      return sum
    },
  }
}
