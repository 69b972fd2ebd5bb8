// Who begins connections to a listener with a PROXY header, and is believed.

import Type, { type Static } from 'typebox'
import type { ProxySendersPlan } from '../../plan/listener.ts'
import type { Finding, Path } from '../forms/problem.ts'
import { checkRanges, range } from '../forms/ranges.ts'
import { described, section } from '../forms/schema-blocks.ts'

const OTHERS = 'refuse'

export const proxySendersSchema = section(
  {
    from: Type.Array(range(), {
      minItems: 1,
      title: 'a list with at least one address or range',
      description:
        'Addresses and ranges whose connections begin with a PROXY header, version 1 or 2, before TLS where the listener has it; one without is ended. What it says counts as the connection: the client for log, limits, access rules and forwarding fields, the scheme (TLS of the client as version 2 says it, else port 443), the HTTP version (ALPN `h2` in the header of a plain connection). LOCAL and UNKNOWN leave the connection as it is.',
      whyRequired: 'who may say who the client is',
    }),
    others: Type.Optional(
      Type.Union([Type.Literal('refuse'), Type.Literal('direct')], {
        title: '"refuse" or "direct"',
        ...described(
          'What becomes of connections from all other addresses: `refuse` ends them, `direct` takes them as clients that come by themselves, without a header.',
          OTHERS,
        ),
      }),
    ),
  },
  'PROXY protocol: load balancers in front that pass TCP connections on say so who the client is. What else comes is counted in vigia_proxy_header_refusals_total.',
)

type ProxySendersDocument = Static<typeof proxySendersSchema>

export function checkProxySenders(senders: ProxySendersDocument | undefined, at: Path): Iterable<Finding> {
  return checkRanges(
    senders?.from ?? [],
    [...at, 'from'],
    'anyone could claim any address as the client: list only your own load balancers',
  )
}

export function compileProxySenders(senders: ProxySendersDocument | undefined): ProxySendersPlan | undefined {
  return senders && { from: senders.from, others: senders.others ?? OTHERS }
}
