// Held requests for tests, and a plan to hold them by.

import type { HoldPlan } from '../../src/plan/hold.ts'
import type { ForwardOutcome, HoldRequest } from '../../src/shared/held/messages.ts'

export const HOLD_PLAN: HoldPlan = {
  during: ['window', 'outage', 'queue-full'],
  paused: 'hold',
  methods: ['POST'],
  bodyBytes: 1_048_576,
  ttlMs: 7 * 86_400_000,
  maxRequests: 100_000,
  maxBytes: 2 ** 31,
  order: { by: 'route' },
  dedupe: 'idempotency-key',
  answer: { status: 202, contentType: 'application/json', body: undefined },
  forward: { perSecond: 10_000, concurrency: 100, afterMs: 0, retry: { attempts: 3, firstMs: 5_000, mostMs: 60_000 } },
  result: { keepMs: 86_400_000, bodyBytes: 65_536 },
  inDoubt: 'stop',
  callback: undefined,
  rpc: false,
}

export const ANSWERED: ForwardOutcome & { type: 'answered' } = {
  type: 'answered',
  upstream: 'erp1',
  status: 201,
  fields: ['Content-Type', 'text/plain'],
  body: new Uint8Array(Buffer.from('created')),
  isWhole: true,
}

export interface Asked {
  readonly route?: string
  readonly key?: string
  readonly body?: string
  readonly dedupe?: string
  readonly fingerprint?: string
  readonly repeatable?: boolean
  readonly callback?: string
  readonly onlyAsRepeat?: boolean
}

let count = 0

export function holdRequest({ route = 'orders', key = 'k', body = 'an order', ...rest }: Asked = {}): HoldRequest {
  count += 1
  const { dedupe, fingerprint = body, repeatable = false, callback, onlyAsRepeat = false } = rest
  return {
    number: count,
    request: {
      route,
      fields: ['Host', 'erp.test', 'Content-Type', 'text/plain', 'X-Name', 'caf\u00e9'],
      method: 'POST',
      target: '/orders?token=secret',
      host: 'erp.test',
      scheme: 'http',
      listener: 'main',
      peer: '192.0.2.1',
      client: '192.0.2.1',
      requestId: `request-${count}`,
      body: new Uint8Array(Buffer.from(body)),
    },
    identity: { key: `${route} ${key}`, keyText: key, dedupe, fingerprint, repeatable },
    reason: 'window',
    receivedMs: 1_800_000_000_000,
    callback,
    onlyAsRepeat,
  }
}
