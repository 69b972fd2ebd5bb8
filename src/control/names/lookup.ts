// Asks for one name: the hosts file, localhost, then DNS by c-ares (node:dns), which uses no thread of libuv's pool. A look-up knows one
// state of the files: where one changes, another look-up takes its place.

import { promises as dns } from 'node:dns'
import type { DnsPlan } from '../../plan/dns.ts'
import type { NameAnswer } from '../../policy/names/name-state.ts'
import { searchList } from '../../policy/names/search-list.ts'
import type { Hosts } from './hosts-file.ts'
import type { ResolvConf } from './resolv-conf.ts'

const TIMEOUT_MS = 1_000
/** RFC 6761 6.3: without being asked for. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1']
/** "No machine" to those who block names by it, "this machine" to a connect. */
const NO_PLACE: readonly string[] = ['0.0.0.0', '::']

/** Failures by which a server has answered: the next candidate is asked for, as the system's own resolver does. */
const FAILED_ANSWERS: readonly string[] = ['ESERVFAIL', 'EREFUSED']

/** What one query came to: addresses, that there are none, or that nobody knows. */
type FamilyAnswer =
  | readonly { readonly address: string; readonly ttl: number }[]
  | 'none'
  | 'no name'
  | { code: string }

export class Lookup {
  readonly #hosts: Hosts
  readonly #rules: ResolvConf
  readonly #servers: readonly string[]
  readonly #resolver: dns.Resolver

  /** @param plan goes before what resolv.conf says */
  constructor(hosts: Hosts, rules: ResolvConf, plan: DnsPlan) {
    this.#hosts = hosts
    this.#rules = rules
    this.#servers = plan.servers ?? rules.servers
    const timeout = plan.timeoutMs ?? rules.timeoutMs ?? TIMEOUT_MS
    this.#resolver = new dns.Resolver({ timeout, tries: rules.attempts, maxTimeout: timeout })
    this.#resolver.setServers(this.#servers)
  }

  /** What is known without asking anybody; undefined = DNS has to be asked. */
  atHand(name: string): NameAnswer | undefined {
    const addresses = this.#hosts.get(name) ?? (/(?:^|\.)localhost$/.test(name) ? LOOPBACK : undefined)
    return addresses && { kind: 'found', addresses, ttlMs: Number.POSITIVE_INFINITY }
  }

  /** Never rejects. */
  async ask(name: string): Promise<NameAnswer> {
    let failure: string | undefined
    for (const candidate of searchList(name, this.#rules)) {
      const [v4, v6] = await Promise.all([
        this.#query(this.#resolver.resolve4(candidate, { ttl: true })),
        this.#query(this.#resolver.resolve6(candidate, { ttl: true })),
      ])
      const found = join(v4, v6)
      if (found !== undefined) return found
      const code = v4 === 'no name' || v6 === 'no name' ? undefined : (failureOf(v4) ?? failureOf(v6))
      failure ??= code
      // Silence says nothing of this candidate: another one may be somebody else.
      if (code !== undefined && !FAILED_ANSWERS.includes(code)) break
    }
    if (failure === undefined) return { kind: 'not-found', why: 'name not found' }
    return { kind: 'away', why: `${words(failure)} (${this.#servers.join(', ')})` }
  }

  /** What is under way ends, as not answered. */
  cancel(): void {
    this.#resolver.cancel()
  }

  async #query(asked: Promise<{ address: string; ttl: number }[]>): Promise<FamilyAnswer> {
    try {
      const records = (await asked).filter(({ address }) => !NO_PLACE.includes(address))
      return records.length === 0 ? 'none' : records
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException
      if (code === 'ENOTFOUND') return 'no name'
      return code === 'ENODATA' ? 'none' : { code }
    }
  }
}

/** @returns undefined where neither has an address */
function join(v4: FamilyAnswer, v6: FamilyAnswer): NameAnswer | undefined {
  const records = [v4, v6].flatMap(each => (Array.isArray(each) ? each : []))
  if (records.length === 0) return undefined
  const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1000
  const unanswered = failureOf(v4) !== undefined ? 'IPv4' : failureOf(v6) !== undefined ? 'IPv6' : undefined
  return { kind: 'found', addresses: records.map(({ address }) => address), ttlMs, unanswered }
}

function failureOf(answer: FamilyAnswer): string | undefined {
  return typeof answer === 'object' && 'code' in answer ? answer.code : undefined
}

function words(code: string): string {
  switch (code) {
    case 'ETIMEOUT':
      return "DNS doesn't answer"
    case 'ECONNREFUSED':
      return 'no DNS server listens'
    case 'ESERVFAIL':
      return 'DNS has a failure'
    case 'EREFUSED':
      return 'DNS refuses to answer'
    default:
      return `DNS can't be asked: ${code}`
  }
}
