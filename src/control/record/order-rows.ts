// What the store writes of an order: a row of the audit for each effect, and what a restart must not forget. All of it is one change.

import { changeText, type Diff } from '../../config/shown/diff.ts'
import type { AuditEntry, Change, InDoubtResolution, OverrideChange, WindowChange } from '../../store/contract.ts'
import { poolUpstream } from '../../util/words.ts'
import type { ConfigurationEffect, OrderEffect, Orderer, WeightEffect } from '../events/order-event.ts'
import { auditedHold, hashOf, windowRow } from './audit-rows.ts'
import { auditedOrder, auditedPause } from './held-rows.ts'
import { FLOOR, HOLD, keptWeight, PAUSE, WEIGHT } from './kept-overrides.ts'
import { windowChange } from './window-changes.ts'

interface Written {
  readonly audit: Pick<AuditEntry, 'action' | 'subject' | 'before' | 'after'> & Partial<AuditEntry>
  readonly override?: OverrideChange
  readonly windows?: readonly WindowChange[]
  readonly resolve?: InDoubtResolution
}

/** Undefined = there is nothing to write: nothing changes. */
export function changeOf(effects: readonly OrderEffect[], who: Orderer): Change | undefined {
  const written = effects.flatMap(effect => writtenOf(effect, who) ?? [])
  const { by: actor, reason, source = 'api' } = who
  const [first, ...rest] = written.map(({ audit }): AuditEntry => ({ actor, source, reason, ...audit }))
  if (first === undefined) return undefined
  return {
    audit: [first, ...rest],
    overrides: written.flatMap(({ override }) => override ?? []),
    windows: written.flatMap(({ windows }) => windows ?? []),
    resolve: written.flatMap(({ resolve }) => resolve ?? []),
  }
}

/** A configuration that was ordered could not be used. */
export function refusedConfiguration(
  { by: actor, reason, source = 'api' }: Orderer,
  problems: readonly string[],
): Change {
  const what = { action: 'configuration.refused', subject: 'configuration', after: { problems } } as const
  return { audit: [{ actor, source, reason, ...what }] }
}

function writtenOf(effect: OrderEffect, who: Orderer): Written | undefined {
  switch (effect.kind) {
    case 'hold': {
      const { pool, upstream, before, after } = effect
      const action = after.status === 'draining' ? 'upstream.drain' : 'upstream.disable'
      const subject = poolUpstream(pool, upstream)
      return {
        audit: { action, subject, before: auditedHold(before), after: auditedHold(after) },
        override: { op: 'put', pool, upstream, kind: HOLD, value: after },
      }
    }
    case 'release': {
      const { pool, upstream, before } = effect
      const subject = poolUpstream(pool, upstream)
      return {
        audit: { action: 'upstream.enable', subject, before: auditedHold(before), after: null },
        override: { op: 'remove', pool, upstream, kind: HOLD },
      }
    }
    case 'weight':
      return weightWritten(effect)
    case 'failback': {
      const { pool, before, after } = effect
      return {
        audit: { action: 'pool.failback', subject: pool, before: { priority: before }, after: { priority: after } },
        override: { op: 'put', pool, upstream: undefined, kind: FLOOR, value: { priority: after } },
      }
    }
    case 'renewal':
      return { audit: { action: 'certificate.renew', subject: effect.name } }
    case 'purge': {
      const { selection, entries } = effect
      return { audit: { action: 'cache.purge', subject: 'cache', before: { entries }, after: selection } }
    }
    case 'resolution': {
      const { pool, upstream, requestId, before, order } = effect
      const { by, resolution: how, note } = order
      return {
        audit: {
          action: 'in-doubt.resolve',
          subject: poolUpstream(pool, upstream),
          before: { requestId, resolution: before },
          after: { requestId, resolution: how },
        },
        resolve: { requestId, by, how, note },
      }
    }
    case 'window':
      return { audit: windowRow({ ...effect.event, source: who.source }), windows: effect.facts.map(windowChange) }
    case 'configuration':
      return { audit: configurationOrdered(effect) }
    case 'pause': {
      const { before, after } = effect
      const { route: subject } = after
      return {
        audit: { action: 'integration.pause', subject, before: auditedPause(before), after: auditedPause(after) },
        override: { op: 'put', pool: subject, upstream: undefined, kind: PAUSE, value: after },
      }
    }
    case 'resume': {
      const { before, tally } = effect
      const { route: subject } = before
      return {
        audit: { action: 'integration.resume', subject, before: auditedPause(before), after: tally ?? null },
        override: { op: 'remove', pool: subject, upstream: undefined, kind: PAUSE },
      }
    }
    case 'held':
      return { audit: auditedOrder(effect.order) }
    case 'held-read':
      return { audit: { action: 'held.read', subject: effect.id } }
    case 'freeze-override':
      // It is told as what becomes of a window, and written as that.
      return undefined
  }
}

function weightWritten({ pool, upstream, configured, before, after }: WeightEffect): Written {
  const key = { pool, upstream, kind: WEIGHT } as const
  return {
    audit: {
      action: 'upstream.weight',
      subject: poolUpstream(pool, upstream),
      before: before?.value ?? { weight: configured },
      after: after?.value ?? { weight: configured },
    },
    override: after === undefined ? { op: 'remove', ...key } : { op: 'put', ...key, value: keptWeight(after) },
  }
}

function configurationOrdered({ id, loaded, former, changes, write }: ConfigurationEffect): Written['audit'] {
  return {
    action: id === undefined ? 'configuration.order' : 'configuration.rollback',
    subject: 'configuration',
    before: { hash: hashOf(former.text) },
    after: { ...(id === undefined ? {} : { id }), hash: hashOf(loaded.text), write, ...diffShown(changes.diff) },
  }
}

function diffShown({ changes, total }: Diff): object {
  return { changes: changes.map(changeText), total }
}
