// The sample ERP's one database: orders and sessions, in memory, owned by the parent process and shared by all nodes.
// Knows no HTTP and no IPC. Bounded: it forgets the oldest.

import { randomBytes } from 'node:crypto'

export interface OrderLine {
  readonly product: string
  readonly quantity: number
  readonly unitPrice: number
}

export interface OrderDraft {
  readonly customer: string
  readonly lines: readonly OrderLine[]
}

export interface Order extends OrderDraft {
  readonly id: number
  readonly number: string
  readonly total: number
  readonly currency: 'EUR'
  readonly createdAt: string
  /** The node that took the order. */
  readonly createdBy: string
}

export interface OrderPage {
  readonly total: number
  readonly orders: readonly Order[]
}

export interface Session {
  readonly user: string
  readonly since: string
  /** The node that the user logged in on; every node knows the session. */
  readonly loggedInOn: string
}

export interface CustomerSales {
  readonly customer: string
  readonly orders: number
  readonly total: number
}

/** What a node asks the database; over IPC, hence asynchronous. */
export interface Database {
  ping(): Promise<void>
  /** With a `key` (Idempotency-Key) that was seen before: the order it made then, and `created: false`. */
  createOrder(draft: OrderDraft, node: string, key: string | undefined): Promise<{ order: Order; created: boolean }>
  /** Newest first. */
  orders(limit: number, offset: number): Promise<OrderPage>
  order(id: number): Promise<Order | undefined>
  salesByCustomer(): Promise<readonly CustomerSales[]>
  /** Returns the new session's id. */
  login(user: string, node: string): Promise<string>
  session(id: string): Promise<Session | undefined>
  logout(id: string): Promise<void>
}

const MOST_ORDERS = 10_000
const MOST_SESSIONS = 1_000

/** @param onOrder told of each new order, once */
export function memoryDatabase(onOrder: (order: Order) => void): Database {
  const orders = new Map<number, Order>()
  const idByKey = new Map<string, number>()
  const sessions = new Map<string, Session>()
  let lastId = 0

  const add = (draft: OrderDraft, node: string): Order => {
    lastId += 1
    const order: Order = {
      id: lastId,
      number: `SO${String(lastId).padStart(5, '0')}`,
      customer: draft.customer,
      lines: draft.lines,
      total: totalOf(draft.lines),
      currency: 'EUR',
      createdAt: new Date().toISOString(),
      createdBy: node,
    }
    orders.set(order.id, order)
    forgetOldest(orders, MOST_ORDERS)
    return order
  }
  for (const draft of SAMPLES) add(draft, 'import')

  return {
    async ping() {},
    async createOrder(draft, node, key) {
      const known = key === undefined ? undefined : orders.get(idByKey.get(key) ?? 0)
      if (known !== undefined) return { order: known, created: false }
      const order = add(draft, node)
      if (key !== undefined) {
        idByKey.set(key, order.id)
        forgetOldest(idByKey, MOST_ORDERS)
      }
      onOrder(order)
      return { order, created: true }
    },
    async orders(limit, offset) {
      return { total: orders.size, orders: [...orders.values()].reverse().slice(offset, offset + limit) }
    },
    async order(id) {
      return orders.get(id)
    },
    async salesByCustomer() {
      const sales = new Map<string, CustomerSales>()
      for (const { customer, total } of orders.values()) {
        const sum = sales.get(customer)
        sales.set(customer, { customer, orders: (sum?.orders ?? 0) + 1, total: money((sum?.total ?? 0) + total) })
      }
      return [...sales.values()].sort((a, b) => b.total - a.total)
    },
    async login(user, node) {
      const id = randomBytes(18).toString('base64url')
      sessions.set(id, { user, since: new Date().toISOString(), loggedInOn: node })
      forgetOldest(sessions, MOST_SESSIONS)
      return id
    },
    async session(id) {
      return sessions.get(id)
    },
    async logout(id) {
      sessions.delete(id)
    },
  }
}

function totalOf(lines: readonly OrderLine[]): number {
  return money(lines.reduce((sum, line) => sum + line.quantity * line.unitPrice, 0))
}

/** In whole cents, so that sums don't grow tails such as 0.30000000000000004. */
export function money(amount: number): number {
  return Math.round(amount * 100) / 100
}

function forgetOldest<K, V>(map: Map<K, V>, most: number): void {
  if (map.size <= most) return
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}

const SAMPLES: readonly OrderDraft[] = [
  { customer: 'Padaria Aurora', lines: [{ product: 'Flour, 25 kg', quantity: 12, unitPrice: 18.9 }] },
  {
    customer: 'Talleres Ibarra',
    lines: [
      { product: 'Bearing 6204', quantity: 40, unitPrice: 3.75 },
      { product: 'Grease, 1 kg', quantity: 4, unitPrice: 11.2 },
    ],
  },
  { customer: 'Hotel Miramar', lines: [{ product: 'Towel, white', quantity: 200, unitPrice: 4.35 }] },
]
