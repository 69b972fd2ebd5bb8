// What a route declares about sending its requests again (its key `retry`): how much of a body is kept for it, and what beside
// idempotent requests is safe to repeat.

import Type, { type Static } from 'typebox'
import type { RouteRetryPlan } from '../../../plan/route.ts'
import { RPC_METHOD_PATTERN } from '../../../policy/request/rpc-reads.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { boolean, section, size } from '../../forms/schema-blocks.ts'
import { formatSize, parseSize } from '../../forms/units.ts'

const DEFAULTS = { replay: '64KiB', idempotencyKey: false } as const
/** Beyond that, a few thousand uploads at once fill the memory. */
const MUCH_REPLAY_BYTES = 1024 ** 2
/** What these are called in every ERP changes something. */
const WRITES = new Set([
  'create',
  'write',
  'unlink',
  'delete',
  'copy',
  'save',
  'set',
  'update',
  'execute',
  'execute_kw',
])

const rpcReads = section(
  {
    methods: Type.Array(
      Type.String({
        pattern: RPC_METHOD_PATTERN,
        title: 'the name of a method such as search_read, sale.order.read or model.*.search_read',
        description:
          'Name of a method; one * stands for one or more parts between dots. In Odoo, where model and method stand apart, METHOD alone or MODEL.METHOD.',
      }),
      {
        minItems: 1,
        uniqueItems: true,
        title: 'a list of at least one method',
        description:
          'Methods that only read. A call of another one, a body that is not plainly such a call, or a batch with one other call in it, is not tried again.',
      },
    ),
    maxBody: size(
      'Size. Largest body that is looked at, as it came and unpacked; at most `replay`. A larger one is no read.',
      undefined,
      undefined,
      'it says how large a body is looked at, such as 64KiB',
    ),
  },
  'JSON-RPC calls by POST that only read (Odoo, Tryton) and therefore may be sent again. Bodies in gzip or deflate are looked into too.',
)

export const replaySchema = section(
  {
    replay: Type.Optional(
      size(
        "Size. How much of a request's body is kept for another attempt; a request with a longer one is sent once.",
        DEFAULTS.replay,
        'keeps none',
      ),
    ),
    idempotencyKey: Type.Optional(
      boolean(
        'Declares that the upstreams carry out a POST or PATCH with an Idempotency-Key header once, however often it comes: then such a request is tried again.',
        DEFAULTS.idempotencyKey,
      ),
    ),
    rpcReads: Type.Optional(rpcReads),
  },
  'What may be sent again beside idempotent requests.',
)

type ReplayDocument = Static<typeof replaySchema>

export function* checkReplay(retry: ReplayDocument | undefined, at: Path): Iterable<Finding> {
  if (retry === undefined) return
  const replay = parseSize(retry.replay ?? DEFAULTS.replay)!
  if (replay > MUCH_REPLAY_BYTES) {
    yield warning([...at, 'replay'], `every request in flight may hold that much memory: most need no more than 64KiB`)
  }
  if (retry.idempotencyKey === true && replay === 0) {
    yield warning([...at, 'idempotencyKey'], 'without a replay buffer no request with a body is tried again', 'key')
  }
  if (retry.rpcReads === undefined) return
  const { methods, maxBody } = retry.rpcReads
  if (parseSize(maxBody)! > replay) {
    yield error(
      [...at, 'rpcReads', 'maxBody'],
      `is larger than the replay buffer of ${formatSize(replay)}: such a body could not be sent again; lower it, or raise replay`,
    )
  }
  for (const [i, method] of methods.entries()) {
    const last = method.slice(method.lastIndexOf('.') + 1)
    if (!WRITES.has(last.toLowerCase())) continue
    yield error(
      [...at, 'rpcReads', 'methods', i],
      `${quote(method)} changes data: a call that is sent again would be carried out twice; remove it`,
    )
  }
}

/** Of a route that says nothing. */
const UNSAID: RouteRetryPlan = compileReplay({})

export function compileReplay(retry: ReplayDocument | undefined): RouteRetryPlan {
  if (retry === undefined) return UNSAID
  const { replay, idempotencyKey, rpcReads } = retry
  return {
    replayBytes: parseSize(replay ?? DEFAULTS.replay)!,
    idempotencyKey: idempotencyKey ?? DEFAULTS.idempotencyKey,
    rpcReads: rpcReads && { methods: rpcReads.methods, bodyBytes: parseSize(rpcReads.maxBody)! },
  }
}
