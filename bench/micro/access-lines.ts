// What a line of the access log costs the thread that writes it, its file left out: the facts of an exchange to bytes in a chunk.
import { LineBuffer } from '../../src/logging/line-buffer.ts'
import { AccessLine } from '../../src/proxy/access-log/access-line.ts'
import { type MicroCase, ring } from './case.ts'

const chunkBytes = 131_072

/** Many clients and paths, a few upstreams: what repeats does, what does not does not. */
const entries = Array.from({ length: 256 }, (_, i) => ({
  ...{
    requestId: `0123456789abcdef-${(1_000_000 + i).toString(36)}`,
    traceId: '',
    about: '',
    client: `192.0.2.${i % 40}`,
  },
  ...{
    listener: 'web',
    protocol: 'HTTP/1.1' as const,
    route: 'erp.example.com/',
    pool: 'erp',
    method: 'GET',
    host: 'erp.example.com',
  },
  ...{ upstream: ['erp-1', 'erp-2', 'erp-3'][i % 3]!, path: `/web/dataset/call_kw/res.partner/search_read/${i % 64}` },
  ...{
    status: 200,
    bytesIn: 0,
    bytesOut: 150,
    firstByteMs: 0.5 + (i % 30) / 7,
    queueMs: 0,
    gatheringMs: 0,
    bufferedBytes: 0,
    upstreamMs: 0,
    connectMs: 0,
  },
  ...{ coding: '' as const, bytesUncoded: 0, attempts: 1, proof: '', cache: '' as const, held: '', end: 'complete' },
}))

export const accessLineCases: readonly MicroCase[] = [
  {
    name: 'access log: one line of 400 bytes into a chunk that is used again',
    run: times => {
      const spare: Buffer[] = [0, 1].map(() => Buffer.allocUnsafeSlow(chunkBytes + 4096))
      let bytes = 0
      const lines = new LineBuffer(chunkBytes, {
        take: () => spare.pop(),
        give: (chunk, used) => {
          bytes += used
          spare.push(chunk)
        },
      })
      const line = new AccessLine()
      const entry = ring(entries)
      for (let i = 0; i < times; i++) {
        const each = entry(i)
        const chunk = lines.begin(line.most(each))
        // Forty lines in each millisecond.
        if (chunk)
          lines.end(line.write(chunk, lines.at, 1_790_000_000_000 + Math.floor(i / 40), each, 0.6 + (i % 70) / 9))
      }
      lines.flush()
      return bytes
    },
  },
]
