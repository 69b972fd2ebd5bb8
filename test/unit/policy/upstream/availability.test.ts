import { describe, expect, test } from 'vitest'
import {
  deriveAvailability,
  type HoldFact,
  INITIAL_STATE,
  INITIAL_STATE_UNPROBED,
  type OutlierFact,
  type ProbeFact,
} from '../../../../src/policy/upstream/availability.ts'

const unknown: ProbeFact = { status: 'unknown', streak: 0, lastError: undefined }
const healthy: ProbeFact = { status: 'healthy', streak: 4, lastError: undefined }
const unhealthy: ProbeFact = { status: 'unhealthy', streak: -3, lastError: 'HTTP 503, expected 200-299' }
const admitted: OutlierFact = { status: 'admitted' }
const ejected: OutlierFact = { status: 'ejected', untilMs: 5000, reason: '5 failures in a row' }
const probation: OutlierFact = { status: 'probation' }
const enabled: HoldFact = { status: 'enabled' }
const draining: HoldFact = { status: 'draining', reason: 'restart', by: 'ana' }
const disabled: HoldFact = { status: 'disabled', reason: 'patching', by: 'window monthly patching' }

describe('deriveAvailability', () => {
  test.each([
    [healthy, admitted, enabled, 'available', 'healthy'],
    [healthy, probation, enabled, 'available', 'on probation after an ejection'],
    [healthy, ejected, enabled, 'out', 'ejected: 5 failures in a row'],
    [unknown, admitted, enabled, 'unknown', 'no probe result yet'],
    [unknown, probation, enabled, 'unknown', 'no probe result yet'],
    [unknown, ejected, enabled, 'out', 'ejected: 5 failures in a row'],
    [unhealthy, admitted, enabled, 'out', 'unhealthy: HTTP 503, expected 200-299'],
    [unhealthy, probation, enabled, 'out', 'unhealthy: HTTP 503, expected 200-299'],
    [unhealthy, ejected, enabled, 'out', 'unhealthy: HTTP 503, expected 200-299'],
    [healthy, admitted, draining, 'draining', 'draining by ana: restart'],
    [healthy, probation, draining, 'draining', 'draining by ana: restart'],
    [healthy, ejected, draining, 'out', 'ejected: 5 failures in a row'],
    [unknown, admitted, draining, 'draining', 'draining by ana: restart'],
    [unhealthy, admitted, draining, 'out', 'unhealthy: HTTP 503, expected 200-299'],
    [healthy, admitted, disabled, 'disabled', 'disabled by window monthly patching: patching'],
    [unhealthy, ejected, disabled, 'disabled', 'disabled by window monthly patching: patching'],
    [unknown, admitted, disabled, 'disabled', 'disabled by window monthly patching: patching'],
  ] as const)('probe %j, outlier %j, hold %j make it %s', (probe, outlier, hold, availability, reason) => {
    expect(deriveAvailability({ probe, outlier, hold })).toEqual({ availability, reason })
  })

  test('a name without an address is out, whatever else; one that is being resolved waits', () => {
    const missing = { ...INITIAL_STATE_UNPROBED, address: { status: 'missing', reason: 'name not found' } } as const
    expect(deriveAvailability(missing)).toEqual({ availability: 'out', reason: 'no address: name not found' })
    const pending = { ...INITIAL_STATE_UNPROBED, address: { status: 'pending' } } as const
    expect(deriveAvailability(pending)).toEqual({ availability: 'unknown', reason: 'its name is being resolved' })
    const hold = { status: 'disabled', reason: 'r', by: 'ana' } as const
    expect(deriveAvailability({ ...missing, hold }).availability).toBe('disabled')
    expect(deriveAvailability({ ...missing, hold: { ...hold, status: 'draining' } }).availability).toBe('out')
  })

  test('a new upstream is unknown until its first probe, or available at once where nothing probes it', () => {
    expect(deriveAvailability(INITIAL_STATE).availability).toBe('unknown')
    expect(deriveAvailability(INITIAL_STATE_UNPROBED)).toEqual({ availability: 'available', reason: 'not probed' })
  })

  test('an unhealthy upstream without a known error has a reason nevertheless', () => {
    const probe: ProbeFact = { ...unhealthy, lastError: undefined }
    expect(deriveAvailability({ probe, outlier: admitted, hold: enabled }).reason).toBe('unhealthy: probes failed')
  })
})
