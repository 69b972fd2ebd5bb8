// What answers where nodes are said to be: which of the known ERPs, or at least something that speaks HTTP.

import { type NodeAddress, urlOf } from './nodes.ts'
import { ERPS, type Erp, profileOf } from './profiles.ts'

export interface Found {
  /** URL without a path. */
  readonly url: string
  readonly erp: Erp | undefined
  /** What came of it, in words. */
  readonly said: string
}

const WITHIN_MS = 3000
const MOST_BYTES = 4096

/**
 * Asks a node for each ERP, or the one that it is said to be. Nothing but GET requests that need no login.
 * @param host of the site, for servers that go by it; '' = the node's own
 */
export async function findOut(node: NodeAddress, erp: Erp | undefined, host: string): Promise<Found> {
  const asked = await Promise.all(
    (erp === undefined ? ERPS : [erp]).map(async each => ({ erp: each, ...(await ask(node, each, host)) })),
  )
  const best = asked.find(({ recognised }) => recognised) ?? asked.find(({ answered }) => answered) ?? asked[0]!
  const isKnown = best.recognised || (erp !== undefined && best.answered)
  return { url: best.url, erp: isKnown ? best.erp : undefined, said: best.said }
}

interface Asked {
  readonly url: string
  readonly answered: boolean
  readonly recognised: boolean
  readonly said: string
}

async function ask(node: NodeAddress, erp: Erp, host: string): Promise<Asked> {
  const { pools, recognises, title } = profileOf(erp)
  const [{ port, keys }] = pools as readonly [(typeof pools)[number]]
  const url = urlOf(node, port)
  const path = keys.health === 'tcp' ? '/' : keys.health.path
  try {
    const { status, body, server } = await get(`${url}${path}`, host)
    const recognised = recognises?.(status, body) ?? false
    const by = server === '' ? '' : ` (${server})`
    const what = recognised ? title : `${status} on ${path}`
    return { url, answered: true, recognised, said: `${what}${by}` }
  } catch (error) {
    return { url, answered: false, recognised: false, said: why(error) }
  }
}

async function get(url: string, host: string): Promise<{ status: number; body: string; server: string }> {
  const { request } = await import(url.startsWith('https:') ? 'node:https' : 'node:http')
  return new Promise((resolve, reject) => {
    // Whose certificate it is does not matter for what it is.
    const options = { headers: host === '' ? {} : { host }, rejectUnauthorized: false, agent: false }
    const asked = request(url, options, (answer: import('node:http').IncomingMessage) => {
      let body = ''
      const done = () => {
        resolve({ status: answer.statusCode ?? 0, body, server: String(answer.headers.server ?? '').slice(0, 60) })
        asked.destroy()
      }
      answer.setEncoding('latin1')
      answer.on('data', (piece: string) => {
        body += piece
        if (body.length > MOST_BYTES) done()
      })
      answer.on('end', done)
      answer.on('error', reject)
    })
    asked.setTimeout(WITHIN_MS, () => asked.destroy(new Error(`no answer within ${WITHIN_MS / 1000} s`)))
    asked.on('error', reject)
    asked.end()
  })
}

function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its host name is not found'
    default:
      return message || (code ?? 'no answer')
  }
}
