// Who passes a closed route: one entry is passed by an address or a header, a route only through all of its entries.

import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Fields } from '../../../../src/http/fields.ts'
import { parseFields } from '../../../../src/http1/field-section.ts'
import type { WindowBypass } from '../../../../src/plan/window.ts'
import { closedRouteOf, compileClosedRoutes } from '../../../../src/proxy/exchange/closed-routes.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'

const OFFICE: WindowBypass = { addresses: ['192.0.2.0/24', '2001:db8::7'], header: undefined }
const KEY: WindowBypass = { addresses: [], header: { name: 'X-Verify', sha256: hash('sha256', 'açúcar 42') } }
const EITHER: WindowBypass = {
  addresses: ['198.51.100.9'],
  header: { name: 'x-team', sha256: hash('sha256', 'release') },
}
const NOBODY: WindowBypass = { addresses: [], header: undefined }

function closedRoute(bypasses: readonly WindowBypass[], route = 'erp'): ClosedRoute {
  return { route, window: 'patching', reason: 'Patching', timeZone: 'UTC', untilMs: undefined, bypasses }
}

/** Fields as they come from the wire: one character a byte. */
function fields(...lines: readonly string[]): Fields {
  const section = Buffer.from(`${lines.map(line => `${line}\r\n`).join('')}\r\n`).toString('latin1')
  return parseFields(section, 100, 'request') as Fields
}

function passes(bypasses: readonly WindowBypass[], client: string, ...lines: readonly string[]): boolean {
  return closedRouteOf(compileClosedRoutes([closedRoute(bypasses)])!, 'erp', client, fields(...lines)) === undefined
}

test('no closed routes cost one look at a field', () => {
  expect(compileClosedRoutes(undefined)).toBeUndefined()
  expect(compileClosedRoutes([])).toBeUndefined()
})

test('routes that are not named are not closed', () => {
  const closedRoutes = compileClosedRoutes([closedRoute([]), closedRoute([], 'api')])!
  expect(closedRouteOf(closedRoutes, 'shop', '192.0.2.1', fields())).toBeUndefined()
  expect(closedRouteOf(closedRoutes, 'api', '192.0.2.1', fields())?.route).toBe('api')
})

describe('who passes', () => {
  test.each<[string, readonly WindowBypass[], string, readonly string[], boolean]>([
    ['nobody, where there is no bypass', [], '192.0.2.1', ['X-Verify: açúcar 42'], false],
    ['nobody, where a bypass lets nobody through', [NOBODY], '192.0.2.1', [], false],
    ['an address in a range', [OFFICE], '192.0.2.77', [], true],
    ['a listed IPv6 address', [OFFICE], '2001:db8::7', [], true],
    ['not an address outside', [OFFICE], '192.0.3.1', [], false],
    ['not who has no address', [OFFICE], 'unknown', [], false],
    ['a header with its value, bytes of UTF-8 included', [KEY], '203.0.113.1', ['X-Verify: açúcar 42'], true],
    ['a header in another spelling of its name', [KEY], '203.0.113.1', ['x-VERIFY: açúcar 42'], true],
    ['not with another spelling of the value', [KEY], '203.0.113.1', ['X-Verify: AÇÚCAR 42'], false],
    ['not with more than the value', [KEY], '203.0.113.1', ['X-Verify: açúcar 42, x'], false],
    ['not with less', [KEY], '203.0.113.1', ['X-Verify:'], false],
    ['not with the value under another name', [KEY], '203.0.113.1', ['X-Verifx: açúcar 42'], false],
    ['one of several fields of that name', [KEY], '203.0.113.1', ['X-Verify: a', 'X-Verify: açúcar 42'], true],
    ['address or header: by address', [EITHER], '198.51.100.9', [], true],
    ['address or header: by header', [EITHER], '203.0.113.1', ['X-Team: release'], true],
    ['address or header: neither', [EITHER], '203.0.113.1', ['X-Team: other'], false],
    ['who passes each of two', [OFFICE, KEY], '192.0.2.1', ['X-Verify: açúcar 42'], true],
    ['not who passes only the first', [OFFICE, KEY], '192.0.2.1', [], false],
    ['not who passes only the second', [OFFICE, KEY], '203.0.113.1', ['X-Verify: açúcar 42'], false],
    ['nobody, where one of them lets nobody through', [OFFICE, NOBODY], '192.0.2.1', [], false],
  ])('%s', (_, bypasses, client, lines, expected) => {
    expect(passes(bypasses, client, ...lines)).toBe(expected)
  })

  test('by header: exactly those that send the value', () => {
    const value = fc.stringMatching(/^[!-~]{1,20}$/)
    fc.assert(
      fc.property(value, value, (expected, sent) => {
        const bypass: WindowBypass = { addresses: [], header: { name: 'X-Verify', sha256: hash('sha256', expected) } }
        expect(passes([bypass], '203.0.113.1', `X-Verify: ${sent}`)).toBe(sent === expected)
        expect(passes([bypass], '203.0.113.1', `X-Verify: ${expected}`)).toBe(true)
      }),
    )
  })
})
