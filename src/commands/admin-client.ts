// Talks to the admin listener of a running vigia, for all commands that do. Turns what can go wrong there into one line.

import type { StatusReport } from '../admin/control-view.ts'

/** What the exit codes say of commands that ask a running vigia. */
export const ASKED = { done: 0, refused: 1, unreachable: 2 } as const

/** Vigia does not answer, or what answers is not vigia. The message is a whole line. */
export class Unreachable extends Error {}

/** Vigia answers, but no. The message is what it says. */
export class RefusedByVigia extends Error {}

const TIMEOUT_MS = 5000

/** @param admin base URL of the admin listener; the scheme may be left out */
export async function fetchStatus(admin: string): Promise<StatusReport> {
  const response = await ask(admin, '/status', {})
  const report = (await response.json().catch(() => undefined)) as StatusReport | undefined
  if (!response.ok) throw unreachable(admin, `it answered ${response.status}`)
  if (!Array.isArray(report?.pools)) throw unreachable(admin, 'what answered there is not vigia')
  return report
}

/** Asks for a change; resolves with the state that results. Throws RefusedByVigia or Unreachable. */
export async function postChange(admin: string, path: string, body: object): Promise<unknown> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await ask(admin, path, init)
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok && typeof answer === 'object' && answer !== null) return answer
  const detail = (answer as { detail?: unknown } | undefined)?.detail
  if (typeof detail === 'string') throw new RefusedByVigia(detail)
  throw unreachable(admin, `it answered ${response.status}, and not as vigia does`)
}

async function ask(admin: string, path: string, init: RequestInit): Promise<Response> {
  try {
    const base = admin.includes('://') ? admin : `http://${admin}`
    return await fetch(new URL(path, base), { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    throw unreachable(admin, explain(error))
  }
}

function unreachable(admin: string, why: string): Unreachable {
  return new Unreachable(
    `no answer from vigia at ${admin}: ${why}. Is vigia running, and is this its admin address (--admin URL)?`,
  )
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const { cause } = error
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  if (code === 'ECONNREFUSED') return 'connection refused'
  return cause instanceof Error ? cause.message || (code ?? error.message) : error.message
}
