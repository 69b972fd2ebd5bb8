import { describe, expect, test } from 'vitest'
import { type LogEntry, parseEntry } from '../../../../src/commands/logs/entry.ts'
import { parseFilter } from '../../../../src/commands/logs/filter.ts'

const LINE = {
  type: 'access',
  time: '2026-11-28T03:27:46.123Z',
  requestId: 'a-1',
  client: '192.0.2.1',
  listener: 'web',
  protocol: 'HTTP/1.1',
  route: 'all',
  pool: 'erp',
  upstream: 'erp-1',
  method: 'GET',
  host: 'a.example',
  path: '/web/login',
  status: 200,
  bytesIn: 0,
  bytesOut: 12,
  firstByteMs: 3,
  totalMs: 480,
  queueMs: 0,
  connectMs: 0,
  attempts: 1,
  proof: '',
  end: 'complete',
}
const entry = (changes: Partial<LogEntry> = {}): LogEntry => parseEntry(JSON.stringify({ ...LINE, ...changes }))!

function fits(filter: string, changes: Partial<LogEntry> = {}): boolean {
  const parsed = parseFilter([filter])
  if (typeof parsed === 'string') throw new Error(parsed)
  const found = entry(changes)
  const line = JSON.stringify({ ...LINE, ...changes })
  const isFit = parsed.fits(found)
  // What must be in a line that fits is in it.
  if (isFit) for (const needle of parsed.needles) expect(line).toContain(needle)
  return isFit
}

describe('a line is parsed', () => {
  test('only where it is one of the access log', () => {
    expect(parseEntry('')).toBeUndefined()
    expect(parseEntry('{"level":"info"}')).toBeUndefined()
    expect(parseEntry('{"type":"access"')).toBeUndefined()
    expect(parseEntry('{"type":"access","time":7}')).toBeUndefined()
    expect(parseEntry('{"type":"access","time":"t","status":"x","path":7}')).toMatchObject({ status: 0, path: '' })
  })
})

describe('a filter', () => {
  test.each([
    ['', {}, true],
    ['status=200', {}, true],
    ['status=2xx', {}, true],
    ['status=404,5XX', {}, false],
    ['status=404,5XX', { status: 503 }, true],
    ['status=500-503', { status: 504 }, false],
    ['status!=200', {}, false],
    ['pool=erp upstream=erp-1', {}, true],
    ['upstream=erp/erp-1', {}, true],
    ['upstream=crm/erp-1', {}, false],
    ['pool=crm,erp', {}, true],
    ['path=/web/*', {}, true],
    ['path=*login', {}, true],
    ['path=/w*b/*in', {}, true],
    ['path=/web', {}, false],
    ['path=/web/login*login', {}, false],
    ['slower=480ms', {}, true],
    ['slower=1s', {}, false],
    ['attempts=2', {}, false],
    ['attempts=2', { attempts: 2 }, true],
    ['retried', { attempts: 2 }, true],
    ['errors', {}, false],
    ['errors', { end: 'client left', status: 0 }, true],
    ['errors', { status: 500 }, true],
    ['own', { upstream: '' }, true],
    ['own', {}, false],
    ['end="client left"', { end: 'client left' }, true],
    ['id=a-1 status=2xx method!=POST', {}, true],
  ] as const)('%s of %o: %s', (filter, changes, expected) => {
    expect(fits(filter, changes)).toBe(expected)
  })

  test.each([
    ['statsu=200', 'there is no filter "statsu", did you mean "status"?'],
    ['status=2x', 'status=2x: a status is expected'],
    ['status=5xx-600', 'a status is expected'],
    ['slower=fast', 'a length of time is expected'],
    ['attempts=many', 'a number is expected'],
    ['error', '"error" is no filter: NAME=VALUE, such as status=5xx, did you mean "errors"?'],
  ])('%s is none: %s', (filter, problem) => {
    expect(parseFilter([filter])).toContain(problem)
  })
})
