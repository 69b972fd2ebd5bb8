// How it stands with the certificates by ACME, as /status, `vigia certificates` and a scrape have it.

import type { AcmeReport } from '../../admin/contract/certificates.ts'
import type { AcmeSample } from '../../metrics/source.ts'
import { iso } from '../../util/words.ts'
import type { Acme, AcmeName } from '../certificates/acme/acme.ts'

/** Undefined = the configuration has none. */
export function acmeReport({ plan, names }: Pick<Acme, 'plan' | 'names'>): AcmeReport | undefined {
  if (plan === undefined) return undefined
  const { directory, challenge } = plan
  return { directory, challenge, names: names.map(nameReport) }
}

export function acmeSamples({ names, tally }: Pick<Acme, 'names' | 'tally'>): AcmeSample {
  return {
    ...tally,
    names: names.map(({ name, failures, nextMs }) => ({ name, failures, nextMs })),
  }
}

function nameReport({ name, held, isOrdering, failures, failure, nextMs }: AcmeName): AcmeReport['names'][number] {
  return {
    name,
    state: isOrdering ? 'ordering' : failures > 0 ? 'failing' : held === undefined ? 'waiting' : 'ok',
    notAfter: held === undefined ? null : iso(held.notAfterMs),
    failures,
    lastError:
      failure === undefined ? null : { at: iso(failure.atMs), trouble: failure.trouble, reason: failure.reason },
    nextOrder: nextMs === undefined || isOrdering ? null : iso(nextMs),
  }
}
