// Whose fault a passed deadline is.

import { describe, expect, test } from 'vitest'
import { type ExchangePhase, judgeDeadline, type PassedDeadline } from '../../../../src/policy/request/deadline.ts'

const QUIET = { tooSlow: false, upstreamStalls: false, clientStalls: false, halfClosed: false, waitedForClient: false }

const judge = (phase: ExchangePhase, facts: Partial<PassedDeadline> = {}) =>
  judgeDeadline({ ...QUIET, phase, ...facts }).act

describe('a deadline that has passed', () => {
  test('while no verdict on an upstream is known means that there is none', () => {
    expect(judge('verdict')).toBe('no-upstream')
  })

  test('while everybody waits for a place means that none came free in time', () => {
    expect(judge('queue')).toBe('queue-timeout')
  })

  test('while connecting is the upstream’s fault, whatever the client does', () => {
    expect(judge('connect')).toBe('fail-attempt')
    expect(judge('connect', { halfClosed: true, clientStalls: true })).toBe('fail-attempt')
  })

  test('within the request is the client’s fault, unless it is the upstream that does not take the body', () => {
    expect(judge('request')).toBe('client-stopped-sending')
    expect(judge('request', { upstreamStalls: true })).toBe('fail-attempt')
  })

  test('before and within the response is the upstream’s fault, unless it is the client that does not read', () => {
    expect(judge('response')).toBe('fail-attempt')
    expect(judge('body')).toBe('fail-attempt')
    expect(judge('body', { clientStalls: true })).toBe('client-stopped-reading')
  })

  test('of a client that closed its sending side means that it is gone', () => {
    for (const phase of ['verdict', 'queue', 'request', 'response', 'body'] as const) {
      expect(judge(phase, { halfClosed: true })).toBe('client-gone')
    }
  })

  test('of such a client that reads slowly is extended once', () => {
    expect(judge('body', { halfClosed: true, clientStalls: true })).toBe('wait-for-client')
    expect(judge('body', { halfClosed: true, clientStalls: true, waitedForClient: true })).toBe(
      'client-stopped-reading',
    )
  })

  test('of an exchange that is over means nothing', () => {
    expect(judge('over', { halfClosed: true, clientStalls: true })).toBe('nothing')
  })
})
