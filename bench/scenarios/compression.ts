// Answers that the proxy compresses: JSON of two sizes that an ERP gives all day, by gzip, which all peers have; and vigia's other codings.
import { browserHeaders } from './browser-headers.ts'
import { type Case, ordinary, type ProxySetup, plainCase, plainSetup, type Scenario } from './scenario.ts'

const kib = 1024

export const compress8k = compressed('compress-8k', 8, ['vigia', 'haproxy', 'nginx', 'caddy'], ['off', 'gzip'])
export const compress64k = compressed('compress-64k', 64, ['vigia', 'haproxy', 'nginx', 'caddy'], ['off', 'gzip'])
export const codings = compressed('codings', 64, ['vigia'], ['gzip', 'br', 'zstd'])

function compressed(
  name: string,
  size: number,
  peers: readonly string[],
  each: readonly ProxySetup['compress'][],
): Scenario {
  return {
    ...ordinary,
    name,
    title: `GET, browser headers, ${size} KiB of JSON, not compressed or by the proxy (at its fastest), 64 keep-alive connections`,
    peers,
    request: { method: 'GET', path: `/api/lists/${name}`, headers: browserHeaders, body: undefined },
    answer: { status: 200, contentType: 'application/json', body: orders(size * kib) },
    cases: each.map(
      (compress): Case => ({
        ...plainCase,
        name: compress === 'off' ? 'not compressed' : compress,
        setup: { ...plainSetup, compress },
      }),
    ),
  }
}

/** What a list of orders holds: much of it repeats, much does not. */
function orders(bytes: number): Buffer {
  let state = 7
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % below
  }
  const partners = ['Azure Interior', 'Deco Addict', 'Gemini Furniture', 'Ready Mat', 'Comercial Andrade Ltda']
  const records: object[] = []
  for (let length = 0; length < bytes; length += 280) {
    records.push({
      id: next(100_000),
      name: `SO${next(100_000)}`,
      partner_id: [next(5000), partners[next(partners.length)]],
      date_order: `2026-0${1 + next(9)}-1${next(9)} 0${next(9)}:1${next(9)}:4${next(9)}`,
      amount_total: next(1_000_000) / 100,
      currency_id: [1, 'BRL'],
      state: ['draft', 'sent', 'sale', 'done'][next(4)],
      user_id: [2, 'Mitchell Admin'],
      invoice_status: 'to invoice',
      activity_ids: [],
    })
  }
  const text = JSON.stringify({ jsonrpc: '2.0', id: 7, result: { length: records.length, records } })
  return Buffer.from(text.slice(0, bytes).padEnd(bytes))
}
