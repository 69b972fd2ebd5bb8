// What it makes of an entry that its upstream is found to hold a worker for each connection: its slow clients are buffered from then on.

import type { HoldingSign } from '../../policy/upstream/worker-holding.ts'
import { afterStarved } from './after-starved.ts'
import type { Entry } from './entry.ts'
import { andThen, notice, type Step, silently } from './step.ts'

const WHY: Readonly<Record<HoldingSign, string>> = {
  server: 'its Server field says so',
  endings: 'it ends each connection with its first answer',
  starved: 'it answers a new connection only once an idle one is closed',
}

export function afterHolding(entry: Entry, sign: HoldingSign, nowMs: number): Step {
  return sign === 'starved' ? andThen(afterStarved(entry, nowMs), each => known(each, sign)) : known(entry, sign)
}

function known(entry: Entry, sign: HoldingSign): Step {
  if (entry.holdsWorkers !== undefined) return silently(entry)
  const text = `holds a worker for each connection (${WHY[sign]}): where \`buffer\` is auto, bodies of slow clients are buffered for it`
  return { entry: { ...entry, holdsWorkers: sign }, events: [notice('info', entry, text)] }
}
