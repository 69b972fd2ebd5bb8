// docs/reference/logs.md: what each key of an access line says, by a line that vigia itself has written; and the own log.

import type { AccessEntry } from '../../src/proxy/access-log/access-entry.ts'
import { AccessLine } from '../../src/proxy/access-log/access-line.ts'
import { certificateMembers, proxiedMembers } from '../../src/proxy/access-log/connection-words.ts'
import { commentOf, commentsOf } from './comments.ts'
import { block, code, line, page, table } from './markdown.ts'

/** One that has everything. */
const ENTRY: AccessEntry = {
  requestId: '556af343fa6d419a-1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  client: '198.51.100.7',
  about:
    proxiedMembers('10.0.9.5', { uniqueId: Buffer.from('conn-17'), authority: 'erp.example.com' }) +
    certificateMembers({
      subject: 'CN=edi.partner.example, O=Partner',
      fingerprint: '74bbf9f95e52306b69ef96b2ade6829c12b03221697a620cc0b89960434e0433',
    } as Parameters<typeof certificateMembers>[0]),
  listener: 'secure',
  protocol: 'HTTP/2',
  route: 'web',
  pool: 'erp',
  upstream: 'erp-2',
  method: 'GET',
  host: 'erp.example.com',
  path: '/web/orders',
  status: 200,
  bytesIn: 0,
  bytesOut: 18_240,
  coding: 'br',
  bytesUncoded: 96_112,
  firstByteMs: 41.2,
  totalMs: 803.5,
  queueMs: 2.5,
  connectMs: 0.4,
  gatheringMs: 1.5,
  bufferedBytes: 12_000,
  upstreamMs: 43.1,
  attempts: 2,
  proof: 'idempotent',
  cache: 'miss',
  held: 'pXnkmvCDqDYKpVsfbDhKyg',
  end: 'complete',
}

/** One that has nothing that need not be there. */
const PLAIN: AccessEntry = {
  ...ENTRY,
  ...{ traceId: '', about: '', coding: '', gatheringMs: 0, bufferedBytes: 0, cache: '', held: '' },
}

/** What no member of AccessEntry is called. */
const OTHERS: Readonly<Record<string, keyof AccessEntry>> = { buffered: 'bufferedBytes' }
const MORE: Readonly<Record<string, string>> = {
  type: '`access`, by which lines are told from those of the own log.',
  time: 'When it ended; ISO 8601, UTC.',
  proxied:
    "Of its PROXY header, where the connection has one: `by` = who sent it, `id` = the connection's id, `serverName` = the name of the TLS session.",
  clientCertificate: 'Of the certificate that the client has presented, accepted or not: `subject`, `fingerprint`.',
}

/** Where its lines are broken, to be read here. */
const BREAKS = /,(?="(?:client|route|status|firstByteMs|proxied|clientCertificate|coding|attempts)")/g

const INTRODUCTION = `One line of JSON for each finished request, in this order of keys. What is there *sometimes* is left out where it has
nothing to say. Where it is written, and which requests it has: [\`accessLog\`](configuration.md#accesslog). To read it:
\`vigia logs\`. Values of \`end\`: [error codes](answers.md).`

const OWN_LOG = `It goes to standard error (as a service: \`journalctl -u vigia\`). On a terminal it is for people, else each line is JSON with
\`level\` (fatal, error, warn, info, debug), \`time\` (ISO 8601, UTC), \`msg\` (one sentence), and what the sentence is about as keys of
their own: \`pool\`, \`upstream\`, \`worker\`, \`window\`, \`requestId\` ... Go by these and by [events](events.md) in programs: sentences may
change. How much it says: [\`log.level\`](configuration.md#loglevel).`

export function logsPage(): string {
  const text = written(ENTRY)
  const always = Object.keys(JSON.parse(written(PLAIN)))
  const said = commentsOf('proxy/access-log/access-entry.ts', 'AccessEntry')
  const words = (key: string) => MORE[key] ?? commentOf(said, OTHERS[key] ?? key)
  const outcomes = commentsOf('policy/cache/outcome.ts', 'CACHE_OUTCOMES')
  return page(
    '# Logs',
    '## Access log',
    INTRODUCTION,
    block(text.trim().replaceAll(BREAKS, ',\n ')),
    table(
      ['key', 'there', 'what it says'],
      Object.keys(JSON.parse(text)).map(key => [
        code(key),
        always.includes(key) ? 'always' : 'sometimes',
        line(always.includes(key) ? words(key) : words(key).replace(/; (?:''|0) = .*/, '.')),
      ]),
    ),
    '### Values of `cache`',
    table(
      ['value', 'what it means'],
      [...outcomes].map(([outcome, words]) => [code(outcome), line(words)]),
    ),
    '## Own log',
    OWN_LOG,
  )
}

/** With its newline. */
function written(entry: AccessEntry): string {
  const line = Buffer.alloc(4096)
  return line.toString('utf8', 0, new AccessLine().write(line, 0, Date.UTC(2026, 9, 14, 6, 30), entry, entry.totalMs))
}
