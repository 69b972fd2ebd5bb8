// Reads resolv.conf, resolver(5): which servers are asked, how patiently, and what is put behind a name. What is not understood is passed
// over, as the system does.

import { isIP } from 'node:net'
import type { SearchRules } from '../../policy/names/search-list.ts'

export interface ResolvConf extends SearchRules {
  /** `ADDRESS`, or `ADDRESS:PORT` as c-ares takes it too; never empty. */
  readonly servers: readonly string[]
  /** Of one try on one server, ms; undefined = not said. */
  readonly timeoutMs: number | undefined
  /** Tries on each server. */
  readonly attempts: number
}

/** Of the system's own resolver, which uses three servers and six domains at most. */
const MOST_SERVERS = 3
const MOST_DOMAINS = 32
const MOST_NDOTS = 15
const MOST_ATTEMPTS = 5
const LONGEST_TIMEOUT_S = 30
const ON_THIS_MACHINE = '127.0.0.1'

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = []
  let search: readonly string[] = []
  const options = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [key = '', ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    if (key === 'nameserver' && isServer(values[0]!)) servers.push(values[0]!)
    // The last one counts, whichever it is.
    if (key === 'search') search = values
    if (key === 'domain') search = values.slice(0, 1)
    if (key === 'options') {
      for (const [, option, value] of values.join(' ').matchAll(/\b(ndots|timeout|attempts):(\d+)\b/g))
        options.set(option!, Number(value))
    }
  }
  const timeoutS = options.get('timeout')
  return {
    servers: servers.length === 0 ? [ON_THIS_MACHINE] : servers.slice(0, MOST_SERVERS),
    search: search
      .map(domain => domain.replace(/\.$/, '').toLowerCase())
      .filter(isDomain)
      .slice(0, MOST_DOMAINS),
    ndots: Math.min(options.get('ndots') ?? 1, MOST_NDOTS),
    timeoutMs: timeoutS === undefined ? undefined : clamp(timeoutS, LONGEST_TIMEOUT_S) * 1000,
    attempts: clamp(options.get('attempts') ?? 2, MOST_ATTEMPTS),
  }
}

function isServer(text: string | undefined): boolean {
  if (text === undefined || isIP(text) !== 0) return text !== undefined
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  return isIP(bracketed ?? plain ?? '') !== 0 && Number(port) < 65_536
}

/** A lone dot is the root: nothing is put behind the name. */
function isDomain(text: string): boolean {
  return /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(text)
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 1), most)
}
