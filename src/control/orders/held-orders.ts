// What people may ask of integrations and held requests over the admin API: each order goes the one way of carry-out.ts, to read what a
// request says included.

import type { HeldControl, HeldOrdering, HeldResult } from '../../admin/contract/held.ts'
import type { HeldOrder } from '../../held/contract.ts'
import { refuse } from '../../util/refusal.ts'
import type { Held } from '../held/held.ts'
import {
  contentReport,
  detailReport,
  type HeldSources,
  integrationReport,
  integrationsReport,
  rowReport,
} from '../report/held-report.ts'
import type { Applied } from './apply.ts'
import type { Orders } from './carry-out.ts'
import { decideHeld, decidePause, decideResume, type IntegrationsState, NOTHING_HELD } from './decide-held.ts'

export interface HeldControlOptions {
  readonly held: Held
  readonly sources: HeldSources
  readonly state: IntegrationsState
}

export function createHeldControl(orders: Orders<Applied>, { held, sources, state }: HeldControlOptions): HeldControl {
  const order = (what: HeldOrder, who: HeldOrdering): Promise<HeldResult> =>
    orders.carryOut<HeldResult>(
      who,
      () => decideHeld(held.requests !== undefined, what),
      async (done, applied) => {
        const outcome = await applied!.held!
        return 'code' in outcome ? outcome : { ...done, ...outcome }
      },
    )
  const detailOf = async (id: string, withBody: boolean) => {
    const asked = await held.ask(requests => requests.show(id, withBody))
    if (!asked.ok) return asked
    const { found } = asked
    return (
      found ?? refuse('unknown', `no held request ${JSON.stringify(id)} is kept here`, 'vigia held list shows them')
    )
  }
  return {
    integrations: () => integrationsReport(sources),
    pause: (route, who) =>
      orders.carryOut(
        who,
        () => decidePause(state, route, who, Date.now()),
        done => ({ ...done, integration: integrationReport(sources, route) }),
      ),
    resume: (route, who) =>
      orders.carryOut(
        who,
        () => decideResume(state, route),
        done => ({ ...done, integration: integrationReport(sources, route) }),
      ),
    async list({ route, state: inState, key, limit, cursor }) {
      const query = { ...(route !== undefined && { route }), ...(inState !== undefined && { state: inState }) }
      const page = { ...(key !== undefined && { key }), ...(limit !== undefined && { limit }) }
      const after = cursor === undefined ? {} : { after: cursor }
      const asked = await held.ask(requests => requests.list({ ...query, ...page, ...after }))
      if (!asked.ok) return asked
      const { rows, next } = asked.found
      return { ok: true, rows: rows.map(rowReport), next: next ?? null }
    },
    async show(id) {
      const detail = await detailOf(id, false)
      return 'code' in detail ? detail : { ok: true, ...detailReport(detail) }
    },
    async content(id, who) {
      // Nothing is written of one that is not there.
      const known = await detailOf(id, false)
      if ('code' in known) return known
      const decide = () => (held.requests === undefined ? NOTHING_HELD : [{ kind: 'held-read', id } as const])
      return orders.carryOut(who, decide, async () => {
        const detail = await detailOf(id, true)
        return 'code' in detail ? detail : { ok: true as const, ...contentReport(detail) }
      })
    },
    retry: (ids, time, who) => order({ type: 'retry', ids, ...time }, who),
    drop: (ids, who) => order({ type: 'drop', ids, reason: who.reason }, who),
    settle: (id, carriedOut, who) => order({ type: 'settle', id, carriedOut, note: who.reason }, who),
  }
}
