// Is the body of a POST a JSON-RPC call, or a batch of them, that the route declares to only read? Anything that is not
// plainly so is no read: it then is an unsafe request like any other. Nothing here says what a method does; people do.

import type { RpcReadsPlan } from '../../plan/route.ts'

/** What a route declares, ready to be asked. */
export interface RpcReads {
  readonly bodyBytes: number
  readonly names: ReadonlySet<string>
  /** Names with a `*`: what stands before and after it. */
  readonly patterns: readonly { readonly before: string; readonly after: string }[]
}

/**
 * Segments between dots, at most one `*` for one or more of them, the last one named: `search_read`,
 * `model.*.search_read`, `sale.order.read`. A `*` at the end would declare methods that nobody has thought of.
 */
export const RPC_METHOD_PATTERN = '^(?:[A-Za-z0-9_]+\\.)*(?:\\*\\.(?:[A-Za-z0-9_]+\\.)*)?[A-Za-z0-9_]+$'

export function compileRpcReads({ methods, bodyBytes }: RpcReadsPlan): RpcReads {
  const names = new Set(methods.filter(method => !method.includes('*')))
  const patterns = methods
    .filter(method => method.includes('*'))
    .map(method => ({ before: method.slice(0, method.indexOf('*')), after: method.slice(method.indexOf('*') + 1) }))
  return { bodyBytes, names, patterns }
}

/**
 * @param body all of it, one character for each byte (latin1) or decoded as UTF-8: names are ASCII, so the verdict is the same
 */
export function isDeclaredRead(body: string, reads: RpcReads): boolean {
  if (body.length > reads.bodyBytes) return false
  const value = parseUnambiguous(body)
  if (!Array.isArray(value)) return isReadCall(value, reads)
  return value.length > 0 && value.every(call => isReadCall(call, reads))
}

/**
 * JSON that every reader reads alike; undefined for all else. JSON.parse keeps the last of several equal keys, others keep
 * the first: so there must be as many keys in the text as in what was made of it. A key with an escape in it is refused:
 * nobody writes `m\u0065thod` with good intent, and V8 misreads such keys after texts made for it (nodejs/node#63785).
 */
export function parseUnambiguous(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return countKeys(value) === countKeysInText(text) ? value : undefined
}

/** Longer names are no names. */
const LONGEST_NAME = 200
const NAME = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/

/** A reader that looks for other members, or doesn't care for case, could find another call in it. */
const CALL_KEYS = new Set(['jsonrpc', 'id', 'method', 'params'])
const MODEL_CALL_KEYS = new Set(['model', 'method', 'args', 'kwargs'])
const SERVICE_CALL_KEYS = new Set(['service', 'method', 'args'])

function isReadCall(call: unknown, reads: RpcReads): boolean {
  if (!isObject(call) || !hasOnly(call, CALL_KEYS)) return false
  const { method, params } = call
  // Odoo: the envelope always says `call`, what is called stands in the parameters.
  return method === 'call' ? isReadInParams(params, reads) : isReadName(method, reads)
}

function isReadInParams(params: unknown, reads: RpcReads): boolean {
  if (!isObject(params)) return false
  // Its web client: POST /web/dataset/call_kw.
  if (hasOnly(params, MODEL_CALL_KEYS)) return isReadOf(params.model, params.method, reads)
  // Its external API: POST /jsonrpc with [database, user, password, model, method, ...].
  if (!hasOnly(params, SERVICE_CALL_KEYS) || params.service !== 'object' || !Array.isArray(params.args)) return false
  if (params.method !== 'execute' && params.method !== 'execute_kw') return false
  return isReadOf(params.args[3], params.args[4], reads)
}

/** Declared by its name alone (`read`) or for some models (`sale.*.read`). */
function isReadOf(model: unknown, method: unknown, reads: RpcReads): boolean {
  if (typeof model !== 'string' || typeof method !== 'string' || method.includes('.')) return false
  return NAME.test(model) && (isReadName(method, reads) || isReadName(`${model}.${method}`, reads))
}

function isReadName(name: unknown, { names, patterns }: RpcReads): boolean {
  if (typeof name !== 'string' || name.length > LONGEST_NAME || !NAME.test(name)) return false
  if (names.has(name)) return true
  return patterns.some(
    ({ before, after }) =>
      name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasOnly(value: object, keys: ReadonlySet<string>): boolean {
  return Object.keys(value).every(key => keys.has(key))
}

/** Keys of all objects in a value, however deep: without recursion, for the depth is the sender's choice. */
function countKeys(root: unknown): number {
  let count = 0
  const left: unknown[] = [root]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    const members = Object.values(value)
    if (!Array.isArray(value)) count += members.length
    for (const member of members) left.push(member)
  }
  return count
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Colons outside strings: in valid JSON, one for each key. -1 where a key has an escape. */
function countKeysInText(json: string): number {
  let count = 0
  let inString = false
  let isEscaped = false
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i)
    if (code === QUOTE) {
      inString = !inString
      if (inString) isEscaped = false
    } else if (inString) {
      if (code !== BACKSLASH) continue
      isEscaped = true
      i += 1
    } else if (code === COLON) {
      // The string before a colon is its key.
      if (isEscaped) return -1
      count += 1
    }
  }
  return count
}
