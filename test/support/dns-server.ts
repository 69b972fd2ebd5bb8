// A DNS server over UDP for tests (RFC 1035): answers A and AAAA questions from a table that a test changes as it goes.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

/** What there is under a name. A name that is not in the zone does not exist. */
export type Entry =
  | { readonly addresses: readonly string[]; readonly ttlS?: number }
  | { readonly alias: string; readonly ttlS?: number }
  | 'silence'
  | 'failure'

export interface DnsServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** By name; a test writes into it. */
  readonly zone: Map<string, Entry>
  /** Nothing is answered while it is true. */
  silent: boolean
  /** What it was asked, `A erp.test`, in order. */
  readonly asked: string[]
  close(): void
}

const TYPE = { A: 1, CNAME: 5, AAAA: 28 } as const
const NXDOMAIN = 3
const SERVFAIL = 2

export async function startDnsServer(zone: Readonly<Record<string, Entry>> = {}): Promise<DnsServer> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    zone: new Map(Object.entries(zone)),
    silent: false,
    asked: [],
    close: () => socket.close(),
  }
  socket.on('message', (query, from) => {
    const { name, type, end } = question(query)
    server.asked.push(`${type === TYPE.A ? 'A' : 'AAAA'} ${name}`)
    const answer = answerTo(server.zone, name, type)
    if (server.silent || answer === undefined) return
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    // A response, recursion was wanted and is offered.
    head.writeUInt16BE(0x8180 | answer.code, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(answer.records.length, 6)
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answer.records]), from.port, from.address)
  })
  return server
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** @returns undefined where nothing is to be said */
function answerTo(zone: ReadonlyMap<string, Entry>, name: string, type: number) {
  const records: Buffer[] = []
  let owner = name
  for (;;) {
    const entry = zone.get(owner)
    if (entry === 'silence') return undefined
    if (entry === 'failure') return { code: SERVFAIL, records: [] }
    if (entry === undefined) return { code: records.length === 0 ? NXDOMAIN : 0, records }
    const { ttlS = 60 } = entry
    if ('alias' in entry) {
      records.push(record(owner, TYPE.CNAME, ttlS, encodeName(entry.alias)))
      owner = entry.alias
      continue
    }
    for (const address of entry.addresses) {
      if (isIPv6(address) === (type === TYPE.AAAA)) records.push(record(owner, type, ttlS, encodeAddress(address)))
    }
    return { code: 0, records }
  }
}

function record(owner: string, type: number, ttlS: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttlS, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(owner), fixed, data])
}

function encodeName(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map(label => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ])
}

/** Of IPv6 only what has a single `::`. */
function encodeAddress(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  const [left = '', right = ''] = address.split('::')
  const groups = (text: string) => text.split(':').filter(group => group !== '')
  const zeros = Array.from({ length: 8 - groups(left).length - groups(right).length }, () => '0')
  const all = [...groups(left), ...zeros, ...groups(right)].map(group => group.padStart(4, '0')).join('')
  return Buffer.from(all, 'hex')
}
