// A metric whose samples are computed when Prometheus asks, not counted per request, and how it is written in the text format. Labels
// that many samples share are written once and passed on as text: with hundreds of upstreams they are most of a scrape's work.

import type { TextBuffer } from './text-buffer.ts'

export interface Sample {
  /** By name, or as `labelText` wrote them. */
  readonly labels: Readonly<Record<string, string | number>> | string
  readonly value: number
  /** Behind the metric's own name: a histogram's `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string
}

export interface ScrapedMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One by one, or those of an upstream together: all in one list would be long. */
  samples(): Iterable<Sample | readonly Sample[]>
}

/** Writes the metric in the text format, version 0.0.4. */
export function writeMetric({ name, help, type, samples }: ScrapedMetric, to: TextBuffer): void {
  to.add(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`)
  const write = ({ labels, value, suffix }: Sample) => {
    const written = typeof labels === 'string' ? labels : labelText(labels)
    const series = suffix === undefined ? name : name + suffix
    to.add(written === '' ? `${series} ${numberText(value)}\n` : `${series}{${written}} ${numberText(value)}\n`)
  }
  for (const each of samples()) {
    if (Array.isArray(each)) for (const sample of each as readonly Sample[]) write(sample)
    else write(each as Sample)
  }
}

/** `pool="erp",upstream="erp-1"` */
export function labelText(labels: Readonly<Record<string, string | number>>): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escaped(String(labels[name]))}"`
  return text
}

/**
 * The samples of a histogram.
 * @param labels as `labelText` wrote them
 * @param bounds upper ones, of all buckets but the last
 * @param count of a bucket by its index, not cumulative
 */
export function histogramSamples(
  labels: string,
  bounds: readonly number[],
  count: (bucket: number) => number,
  sum: number,
): Sample[] {
  const samples: Sample[] = []
  const before = labels === '' ? '' : `${labels},`
  const le = boundTexts(bounds)
  let below = 0
  for (let i = 0; i < bounds.length; i += 1) {
    below += count(i)
    samples.push({ suffix: '_bucket', labels: before + le[i]!, value: below })
  }
  below += count(bounds.length)
  samples.push(
    { suffix: '_bucket', labels: `${before}le="+Inf"`, value: below },
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: below },
  )
  return samples
}

/** None where there is nothing in a histogram yet: a site may have thousands of upstreams that are rarely asked. */
export function unlessEmpty(histogram: readonly Sample[]): readonly Sample[] {
  return histogram.at(-1)?.value === 0 ? [] : histogram
}

const texts = new Map<readonly number[], readonly string[]>()

/** Of each bound, written once. @param bounds a constant */
function boundTexts(bounds: readonly number[]): readonly string[] {
  return texts.getOrInsertComputed(bounds, () => bounds.map(bound => `le="${bound}"`))
}

const SPECIAL = /["\\\n]/

function escaped(value: string): string {
  if (!SPECIAL.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
