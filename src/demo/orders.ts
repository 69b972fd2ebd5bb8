// The orders API and the sales report of the sample ERP.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange, Route } from './context.ts'
import { money, type OrderDraft, type OrderLine } from './database.ts'
import { json, Problem, readFields } from './respond.ts'

const BODY_BYTES = 1024 * 1024
const MOST_LINES = 500
const MOST_SECONDS = 300

export const orderRoutes: readonly Route[] = [
  { method: 'GET', path: /^\/api\/orders$/, handle: list },
  { method: 'POST', path: /^\/api\/orders$/, handle: create },
  { method: 'GET', path: /^\/api\/orders\/(\d{1,9})$/, handle: one },
  { method: 'GET', path: /^\/reports\/sales$/, handle: salesReport },
]

async function list({ url, response, parent }: Exchange): Promise<void> {
  const limit = numberIn(url, 'limit', 20, 1, 1000)
  const offset = numberIn(url, 'offset', 0, 0, 1_000_000)
  json(response, 200, await parent.orders(limit, offset))
}

async function one({ params, response, parent }: Exchange): Promise<void> {
  const order = await parent.order(Number(params[0]))
  if (order === undefined) throw new Problem(404, `there is no order ${params[0]}`)
  json(response, 200, order)
}

/** Posted again with the same Idempotency-Key, an order is not made twice: 200 and the first one, instead of 201. */
async function create({ request, response, parent, node }: Exchange): Promise<void> {
  const draft = orderDraft(await readFields(request, BODY_BYTES))
  const key = request.headers['idempotency-key']
  const { order, created } = await parent.createOrder(draft, node.name, typeof key === 'string' ? key : undefined)
  response.setHeader('location', `/api/orders/${order.id}`)
  json(response, created ? 201 : 200, order)
}

/** Says nothing for `seconds`, as a report does whose query is slow, then answers. */
async function salesReport({ url, response, parent, node }: Exchange): Promise<void> {
  const seconds = numberIn(url, 'seconds', 3, 0, MOST_SECONDS)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    await sleep(seconds * 1000, undefined, { signal: gone.signal })
  } catch {
    return // The client left: nobody waits for this report.
  }
  const customers = await parent.salesByCustomer()
  const total = money(customers.reduce((sum, each) => sum + each.total, 0))
  json(response, 200, { report: 'sales', node: node.name, seconds, currency: 'EUR', total, customers })
}

function orderDraft(fields: Readonly<Record<string, unknown>>): OrderDraft {
  const errors: string[] = []
  const { customer, lines } = fields
  if (!isName(customer)) errors.push('customer: a text of 1 to 200 characters')
  if (!Array.isArray(lines) || lines.length === 0 || lines.length > MOST_LINES) {
    errors.push(`lines: a list of 1 to ${MOST_LINES} lines`)
  } else {
    lines.forEach((line: unknown, index) => {
      if (!isLine(line)) errors.push(`lines[${index}]: {"product": text, "quantity": > 0, "unitPrice": >= 0}`)
    })
  }
  if (errors.length > 0) throw new Problem(422, 'this is not an order', { errors })
  return {
    customer: customer as string,
    lines: (lines as OrderLine[]).map(({ product, quantity, unitPrice }) => ({ product, quantity, unitPrice })),
  }
}

function isLine(line: unknown): line is OrderLine {
  if (typeof line !== 'object' || line === null) return false
  const { product, quantity, unitPrice } = line as Partial<Record<keyof OrderLine, unknown>>
  return isName(product) && isAmount(quantity) && quantity > 0 && isAmount(unitPrice)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 200
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1_000_000_000
}

function numberIn(url: URL, name: string, otherwise: number, least: number, most: number): number {
  const given = url.searchParams.get(name)
  if (given === null) return otherwise
  const value = Number(given)
  if (given === '' || !(value >= least && value <= most)) {
    throw new Problem(400, `${name} must be a number from ${least} to ${most}`)
  }
  return value
}
