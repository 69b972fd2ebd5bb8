// docs/reference/metrics.md: every metric with its labels, and the alert rules that are shipped.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { defineMetrics } from '../../src/metrics/definitions.ts'
import type { ScrapedMetric } from '../../src/metrics/scraped-metric.ts'
import { EVERYTHING } from './everything.ts'
import { code, codeCell, line, page, table } from './markdown.ts'

const RULES = join(import.meta.dirname, '../../config/prometheus/vigia-alerts.yaml')
/** Labels whose values are names of yours, or numbers. */
const OPEN = ['pool', 'upstream', 'route', 'listener', 'name', 'window', 'worker', 'priority', 'version', 'le']

const INTRODUCTION = `\`GET /metrics\` of the admin listener, in the text format of Prometheus. Rules of alerts are in
[vigia-alerts.yaml](../../config/prometheus/vigia-alerts.yaml), a dashboard for Grafana in
[vigia.json](../../config/grafana/vigia.json). A metric is missing where there is nothing to tell: no store, no cache, no windows.
\`upstream=""\` is what vigia answered for a pool itself, \`pool=""\` what no pool was found for.`

export function metricsPage(): string {
  return page(
    '# Metrics',
    INTRODUCTION,
    table(
      ['metric', 'type', 'labels', 'what it counts'],
      defineMetrics(EVERYTHING).map(metric => [code(metric.name), metric.type, labelsOf(metric), line(metric.help)]),
    ),
    '## Alerts',
    'page = users suffer, or are about to; ticket = look at it in the daytime.',
    alerts(),
  )
}

/** Each with its values, where these are always the same. */
function labelsOf(metric: ScrapedMetric): string {
  const labels = new Map<string, Set<string>>()
  for (const sample of [...metric.samples()].flat()) {
    for (const [name, value] of pairs(sample.labels)) labels.set(name, (labels.get(name) ?? new Set()).add(value))
  }
  if (metric.type === 'histogram') labels.set('le', new Set())
  return [...labels]
    .map(([name, values]) =>
      OPEN.includes(name) ? code(name) : `${code(name)}: ${[...values].map(codeCell).join(' ')}`,
    )
    .join('; ')
}

function pairs(labels: string | Readonly<Record<string, string | number>>): [string, string][] {
  if (typeof labels !== 'string') return Object.entries(labels).map(([name, value]) => [name, String(value)])
  return [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!])
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert?: string
      readonly labels?: { readonly severity?: string }
      readonly annotations?: { readonly summary?: string; readonly description?: string }
    }[]
  }[]
}

function alerts(): string {
  const { groups } = parse(readFileSync(RULES, 'utf8')) as Rules
  return table(
    ['alert', 'severity', 'what it says', 'what it means'],
    groups
      .flatMap(({ rules }) => rules)
      .flatMap(({ alert, labels, annotations }) =>
        alert === undefined
          ? []
          : [[code(alert), labels?.severity ?? '', filled(annotations?.summary), filled(annotations?.description)]],
      ),
  )
}

/** `{{ $labels.pool }}` is POOL. */
function filled(text = ''): string {
  return line(
    text
      .replaceAll(/\{\{ *\$labels\.(\w+) *\}\}/g, (_, name: string) => name.toUpperCase())
      .replaceAll(/\{\{[^}]*\}\}/g, 'N'),
  )
}
