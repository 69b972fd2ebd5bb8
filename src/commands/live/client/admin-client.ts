// Talks to the admin listener of a running vigia, for all commands that do. Turns what can go wrong there into one line.
// A token comes from a file or the environment, never from the command line, where everybody on the machine could read it.

import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { StatusReport } from '../../../admin/contract/status.ts'
import { type Asked, send } from './admin-request.ts'
import { CA_FILE_VARIABLE, TOKEN_FILE_VARIABLE, TOKEN_VARIABLE } from './admin-variables.ts'

/** Vigia does not answer, lets nobody in without a token, or what answers is not vigia. The message is a whole line. */
export class Unreachable extends Error {}

/** Vigia answers, but no. The message is what it says. */
export class RefusedByVigia extends Error {}

/** What OpenSSL calls a chain that ends at nobody whom this machine trusts. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED/
const TIMEOUT_MS = 5000

/** @param admin base URL of the admin listener; the scheme may be left out */
export async function fetchStatus(admin: string): Promise<StatusReport> {
  const report = (await fetchJson(admin, '/status')) as Partial<StatusReport>
  if (!Array.isArray(report.pools)) throw unreachable(admin, 'what answered there is not vigia')
  return report as StatusReport
}

/** Reads something; resolves with its JSON. Throws RefusedByVigia or Unreachable. */
export async function fetchJson(admin: string, path: string): Promise<object> {
  return objectIn(await ask(admin, path, {}), admin)
}

/** Asks /healthz or /readyz, also of the listener `health`. Throws Unreachable. */
export async function askHealth(admin: string, path: '/healthz' | '/readyz'): Promise<{ ok: boolean; text: string }> {
  const answer = await ask(admin, path, {})
  return { ok: isOk(answer), text: (await textOf(answer, admin)).trim() }
}

/** Reads a text. Throws RefusedByVigia or Unreachable. */
export async function fetchYaml(admin: string, path: string): Promise<string> {
  const answer = await ask(admin, path, {})
  if (!isOk(answer)) await objectIn(answer, admin)
  return textOf(answer, admin)
}

/** Asks for a change; resolves with the state that results. Throws RefusedByVigia or Unreachable. */
export async function postChange(admin: string, path: string, body: object): Promise<unknown> {
  return sendChange(admin, 'POST', path, body)
}

/** The same with another method. */
export async function sendChange(
  admin: string,
  method: 'POST' | 'DELETE',
  path: string,
  body: object,
  timeoutMs = TIMEOUT_MS,
): Promise<object> {
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(timeoutMs)
  return objectIn(await ask(admin, path, { method, headers, body: JSON.stringify(body), signal }), admin)
}

/** Opens a stream, which lasts until `signal` ends it. Throws RefusedByVigia or Unreachable. */
export async function openStream(
  admin: string,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const opening = new AbortController()
  const timer = setTimeout(() => opening.abort(timeout()), TIMEOUT_MS)
  try {
    const answer = await ask(admin, path, { headers, signal: AbortSignal.any([signal, opening.signal]) })
    if (!isOk(answer)) await objectIn(answer, admin)
    return answer
  } finally {
    clearTimeout(timer)
  }
}

async function objectIn(answer: IncomingMessage, admin: string): Promise<object> {
  const content = parsed(await textOf(answer, admin))
  if (isOk(answer) && typeof content === 'object' && content !== null) return content
  const detail = (content as { detail?: unknown } | null | undefined)?.detail
  const status = answer.statusCode
  if (typeof detail !== 'string') throw unreachable(admin, `it answered ${status}, and not as vigia does`)
  if (status === 401 || status === 429) throw new Unreachable(`vigia at ${admin}: ${detail}`)
  throw new RefusedByVigia(detail)
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function isOk({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300
}

async function textOf(answer: IncomingMessage, admin: string): Promise<string> {
  try {
    return await text(answer)
  } catch (error) {
    throw unreachable(admin, explain(error))
  }
}

async function ask(admin: string, path: string, asked: Partial<Asked>): Promise<IncomingMessage> {
  const token = readToken(process.env)
  const headers = {
    ...asked.headers,
    'x-vigia-client': 'cli',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  try {
    const base = admin.includes('://') ? admin : `http://${admin}`
    if (base.startsWith('https:')) await trust(process.env[CA_FILE_VARIABLE])
    return await send(new URL(path, base), { signal: AbortSignal.timeout(TIMEOUT_MS), ...asked, headers })
  } catch (error) {
    if (error instanceof Unreachable) throw error
    throw unreachable(admin, explain(error))
  }
}

let trusted: string | undefined

/** From now on certificates of the authorities in this file are taken, too. Throws Unreachable where it can't be used. */
async function trust(file: string | undefined): Promise<void> {
  if (!file || file === trusted) return
  try {
    const { getCACertificates, setDefaultCACertificates } = await import('node:tls')
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(file, 'utf8')])
    trusted = file
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Unreachable(`the file of authorities ${file} can't be used: ${code ?? message}`)
  }
}

/** Throws Unreachable where the file can't be read. */
function readToken(env: NodeJS.ProcessEnv): string | undefined {
  const file = env[TOKEN_FILE_VARIABLE]
  const token = file === undefined || file === '' ? env[TOKEN_VARIABLE]?.trim() : readTokenFile(file)
  if (token === undefined || token === '') return undefined
  if (/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) return token
  throw new Unreachable(
    file
      ? `the token file ${file} holds no token: one line without spaces is expected`
      : `${TOKEN_VARIABLE} holds no token`,
  )
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Unreachable(`the token file ${file} can't be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function unreachable(admin: string, why: string): Unreachable {
  return new Unreachable(
    `no answer from vigia at ${admin}: ${why}. Is vigia running, and is this its admin address (--admin URL)?`,
  )
}

function timeout(): Error {
  return new DOMException('', 'TimeoutError')
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return 'connection refused'
  if (code !== undefined && UNTRUSTED.test(code))
    return `its certificate is not trusted here (${code}): give the file of its authority with --ca-file`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is not for this name: give --admin a name that it has'
  if (code === 'ECONNRESET') return 'it closed the connection: with tls its URL begins with https://'
  if (code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' || code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return 'it speaks no TLS: its URL begins with http://'
  return message || (code ?? error.name)
}
