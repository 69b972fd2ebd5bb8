// Metrics of held requests and of paused integrations, by route.

import type { Sample, ScrapedMetric } from './scraped-metric.ts'
import type { HeldRouteSample, HeldSamples, MetricsSource } from './source.ts'

export function defineHeld(source: MetricsSource): ScrapedMetric[] {
  const { held } = source
  if (held === undefined) return []
  const routes = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    samples: (route: HeldRouteSample) => readonly Sample[] | number | undefined,
  ): ScrapedMetric => ({
    name,
    help,
    type,
    samples: () =>
      held().routes.flatMap(route => {
        const found = samples(route) ?? []
        return typeof found === 'number' ? [{ labels: { route: route.name }, value: found }] : found
      }),
  })
  const one = (name: string, help: string, value: (held: HeldSamples) => number | undefined): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: () => {
      const found = value(held())
      return found === undefined ? [] : [{ labels: '', value: found }]
    },
  })
  return [
    one(
      'vigia_held_up',
      '1 while requests can be held; 0 = what keeps them fails. None where nothing is held.',
      ({ up }) => (up === undefined ? undefined : Number(up)),
    ),
    one('vigia_held_callbacks', 'Senders who are still to be called back.', ({ up, callbacks }) =>
      up === undefined ? undefined : callbacks,
    ),
    routes(
      'vigia_held_requests',
      'gauge',
      'Held requests by state: waiting, sending, in-doubt (nobody knows whether they were carried out), dead (could not be delivered).',
      ({ name, counts }) =>
        counts && [
          { labels: { route: name, state: 'waiting' }, value: counts.waiting },
          { labels: { route: name, state: 'sending' }, value: counts.sending },
          { labels: { route: name, state: 'in-doubt' }, value: counts.inDoubt },
          { labels: { route: name, state: 'dead' }, value: counts.dead },
        ],
    ),
    routes('vigia_held_bytes', 'gauge', 'Bytes of these requests.', ({ counts }) => counts?.bytes),
    routes(
      'vigia_held_oldest_age_seconds',
      'gauge',
      'How long ago the oldest that waits was received; 0 = none waits.',
      ({ counts }) => counts?.oldestS,
    ),
    routes(
      'vigia_held_empty_seconds',
      'gauge',
      'In how long none will wait any more, as far as can be told; none is given where nobody knows.',
      ({ counts }) => counts?.emptyS,
    ),
    routes('vigia_held_gate_open', 'gauge', '1 while held requests of the route are sent, else 0.', ({ gateOpen }) =>
      gateOpen === undefined ? undefined : Number(gateOpen),
    ),
    routes('vigia_integration_paused', 'gauge', '1 while somebody has paused the route, else 0.', ({ paused }) =>
      Number(paused),
    ),
    routes('vigia_held_accepted_total', 'counter', 'Requests that were held.', ({ counts }) => counts?.totals.held),
    routes(
      'vigia_held_repeats_total',
      'counter',
      'Repeats of a request that was held already: not held twice.',
      ({ counts }) => counts?.totals.repeats,
    ),
    routes(
      'vigia_held_refused_total',
      'counter',
      'Requests that could not be held, and were answered as without.',
      ({ counts }) => counts?.totals.refused,
    ),
    routes(
      'vigia_held_forwarded_total',
      'counter',
      'Held requests that were sent, each try of one counted.',
      ({ counts }) => counts?.totals.forwarded,
    ),
    routes(
      'vigia_held_finished_total',
      'counter',
      'What became of held requests: status class of the answer, dead, in-doubt, dropped.',
      ({ name, counts }) => {
        if (counts === undefined) return undefined
        const { answered, dead, inDoubt, dropped } = counts.totals
        return Object.entries({ ...answered, dead, 'in-doubt': inDoubt, dropped }).map(([outcome, value]) => ({
          labels: { route: name, outcome },
          value,
        }))
      },
    ),
  ]
}
