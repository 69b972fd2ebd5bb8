// One line of the access log, as it is read back: written by another version perhaps, or not by vigia at all.

/** See proxy/access-log/access-entry.ts; what a line lacks is '' or 0. */
export interface LogEntry {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly requestId: string
  readonly client: string
  readonly listener: string
  readonly protocol: string
  readonly route: string
  readonly pool: string
  readonly upstream: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly firstByteMs: number
  readonly totalMs: number
  readonly queueMs: number
  readonly connectMs: number
  readonly attempts: number
  readonly proof: string
  readonly cache: string
  readonly end: string
  readonly traceId: string
}

const TEXTS = [
  ...['time', 'requestId', 'client', 'listener', 'protocol', 'route', 'pool', 'upstream', 'method', 'host', 'path'],
  ...['proof', 'cache', 'end', 'traceId'],
]
const NUMBERS = [...['status', 'bytesIn', 'bytesOut', 'firstByteMs', 'totalMs', 'queueMs', 'connectMs', 'attempts']]

/** Undefined = it is no access line. */
export function parseEntry(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined
  let read: Record<string, unknown>
  try {
    read = JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
  if (read.type !== 'access' || typeof read.time !== 'string') return undefined
  const entry: Record<string, unknown> = {}
  for (const name of TEXTS) entry[name] = typeof read[name] === 'string' ? read[name] : ''
  for (const name of NUMBERS) entry[name] = typeof read[name] === 'number' ? read[name] : 0
  return entry as unknown as LogEntry
}

/** It was answered by its upstream, or in its place from the cache, and nothing went wrong. */
export function isPlainEnd({ end, status }: LogEntry): boolean {
  return (end === 'complete' || end === 'upgraded') && status < 500
}
