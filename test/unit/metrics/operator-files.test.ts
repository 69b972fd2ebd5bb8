// The alert rules and the dashboard ask only for metrics, and labels of them, that a scrape gives. What promtool says of them: test/ops.

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { EVERYTHING } from '../../../packaging/reference/everything.ts'
import { createScrape } from '../../../src/metrics/scrape.ts'
import { TOTAL } from '../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../../src/shared/counters.ts'

interface Dashboard {
  readonly uid: string
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
  readonly panels: readonly {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly labels: { readonly severity: string }
      readonly annotations: { readonly summary: string; readonly description: string }
    }[]
  }[]
}

const read = (path: string) => readFileSync(new URL(`../../../config/${path}`, import.meta.url), 'utf8')
const dashboard = JSON.parse(read('grafana/vigia.json')) as Dashboard
const rules = (parse(read('prometheus/vigia-alerts.yaml')) as Rules).groups.flatMap(group => group.rules)

/** Labels of each series of a scrape in which everything is there; Prometheus adds `job` and `instance`. */
const labelsOf = new Map<string, Set<string>>()
beforeAll(async () => {
  const probes = { ok: 0, failed: 0, void: 0, durationSumS: 0, buckets: Array<number>(12).fill(1) }
  const levels = { inUse: 0, floor: 0, awaitsFailback: false, standby: [{ priority: 1, active: true, requests: 1 }] }
  const state = {
    state: 'draining',
    weight: 1,
    ejections: 0,
    idleLimited: false,
    drainDeadlineMs: 1,
    limit: 1,
  } as const
  const upstreams = [{ name: 'u', slot: 2, ...state, probes }]
  const counters = new CounterTable(allocateCounters(1), 1)
  counters.rows[0]!.bucket(2, TOTAL.secondBucket, 1)
  const scrape = createScrape({
    ...{ version: '1', counters, revision: () => 1 },
    ...{
      workers: () => [{ restarts: 0, isStalled: false, stalls: 0 }],
      controlStalls: () => ({ count: 0, seconds: 0 }),
      inDoubtOpen: () => 0,
      routes: () => [{ name: 'r', pool: 'p', slot: 1 }],
    },
    names: () => ({ names: [{ host: 'n', addresses: 1, up: true }], lookups: { found: 1, 'not-found': 0, away: 0 } }),
    certificates: () => [{ listener: 'l', name: 'n', keyType: 'rsa', fromMs: 1, untilMs: 2, refused: false }],
    authorities: () => [{ kind: 'authority', name: 'n', fromMs: 1, untilMs: 2, refused: false }],
    held: EVERYTHING.held,
    acme: () => ({ issued: 1, failed: 0, names: [{ name: 'n', failures: 0, nextMs: 1 }] }),
    buffers: () => ({
      ...{ memoryBytes: 1, memoryLimitBytes: 2, diskBytes: 1, diskLimitBytes: 2, files: 1 },
      ...{ requests: 1, answers: 1, answerBytes: 1, spooledBytes: 1 },
      savedSeconds: { requests: 1, answers: 1 },
      troubles: { disk: 1 },
    }),
    store: () => ({ up: true, waiting: 0, dropped: 0 }),
    reloads: () => ({ tally: { applied: 0, unchanged: 0, refused: 0 }, appliedMs: 0, last: undefined }),
    pools: () => [{ name: 'p', slot: 1, queueMax: 1, levels, outages: { count: 0, seconds: 0 }, upstreams }],
  })
  for (const line of (await scrape.collect()).toString().split('\n')) {
    const [, name, labels = ''] = /^([a-z][a-z0-9_]*)(?:\{(.*)\})? /.exec(line) ?? []
    if (name === undefined) continue
    const known = labelsOf.get(name) ?? new Set(['job', 'instance'])
    for (const [, label] of labels.matchAll(/([a-z]+)="/g)) known.add(label!)
    labelsOf.set(name, known)
  }
})

/** What an expression asks for that no scrape gives. */
function missing(expression: string): string[] {
  return [...expression.matchAll(/\b((?:vigia|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].flatMap(
    ([, name, matchers = '']) => {
      const labels = labelsOf.get(name!)
      if (labels === undefined) return [name!]
      const asked = [...matchers.matchAll(/([a-z]+)(?:=~|!~|!=|=)/g)].map(([, label]) => label!)
      return asked.filter(label => !labels.has(label)).map(label => `${name} by ${label}`)
    },
  )
}

describe('the alert rules', () => {
  test('ask for what there is', () => {
    expect(rules.length).toBeGreaterThan(10)
    expect(rules.flatMap(({ alert, expr }) => missing(expr).map(what => `${alert}: ${what}`))).toEqual([])
  })

  test('say how urgent each is, what it means and what to do', () => {
    for (const { labels, annotations } of rules) {
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary.length).toBeGreaterThan(10)
      expect(annotations.description.length).toBeGreaterThan(20)
    }
  })

  test('are each tried out by the rule tests', () => {
    const tried = new Set(read('prometheus/vigia-alerts.test.yaml').match(/(?<=alertname: )\w+/g))
    expect(rules.map(({ alert }) => alert).filter(alert => !tried.has(alert))).toEqual([])
  })
})

describe('the dashboard', () => {
  test('asks for what there is, in every panel, variable and annotation', () => {
    const asked = [
      ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
      ...dashboard.templating.list.map(({ name, definition = '' }) => [`variable ${name}`, definition] as const),
      ...dashboard.annotations.list.map(({ expr }) => ['annotation', expr] as const),
    ]
    expect(asked.length).toBeGreaterThan(40)
    expect(asked.flatMap(([where, expr]) => missing(expr).map(what => `${where}: ${what}`))).toEqual([])
  })

  test('has panels with ids of their own that do not overlap', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const [i, { gridPos: a, title }] of panels.entries())
      for (const { gridPos: b, title: other } of panels.slice(i + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
        expect(apart, `${title} and ${other}`).toBe(true)
      }
  })
})
