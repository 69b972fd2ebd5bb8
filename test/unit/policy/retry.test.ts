import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideRetry, type FailedAttempt, isIdempotent } from '../../../src/policy/retry.ts'

const attempt = (changes: Partial<FailedAttempt>): FailedAttempt => ({
  stage: 'sent',
  failure: 'reset',
  requestBytesWritten: 300,
  reusedConnection: false,
  method: 'GET',
  bodyReplayable: true,
  responseStarted: false,
  attemptsMade: 1,
  attemptsMax: 3,
  clientGone: false,
  retryTimeouts: false,
  ...changes,
})

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']
const UNSAFE = ['POST', 'PATCH', 'PROPFIND', 'get', 'X']
const STAGES = ['connect', 'sent', 'responding'] as const
const FAILURES = ['connect', 'timeout', 'reset', 'garbage'] as const
const BOTH = [false, true]

/** Every combination of everything that matters. */
function* everyAttempt(): Generator<FailedAttempt> {
  for (const stage of STAGES)
    for (const failure of FAILURES)
      for (const requestBytesWritten of [0, 1, 300])
        for (const reusedConnection of BOTH)
          for (const method of ['GET', 'PUT', 'POST', 'PATCH'])
            for (const bodyReplayable of BOTH)
              for (const responseStarted of BOTH)
                for (const attemptsMade of [1, 2, 3, 4])
                  for (const clientGone of BOTH)
                    for (const retryTimeouts of BOTH)
                      yield {
                        stage,
                        failure,
                        requestBytesWritten,
                        reusedConnection,
                        method,
                        bodyReplayable,
                        responseStarted,
                        attemptsMade,
                        attemptsMax: 3,
                        clientGone,
                        retryTimeouts,
                      }
}

describe('decideRetry', () => {
  test.each([...IDEMPOTENT, ...UNSAFE])('%s goes to another upstream where nothing of it was sent', method => {
    for (const failure of FAILURES) {
      const failed = attempt({ method, failure, stage: 'connect', requestBytesWritten: 0, bodyReplayable: false })
      expect(decideRetry(failed)).toEqual({ retry: true, proof: 'not-sent', stale: false })
    }
  })

  test.each(IDEMPOTENT)('%s is sent again after a reset, being idempotent', method => {
    expect(isIdempotent(method)).toBe(true)
    expect(decideRetry(attempt({ method }))).toEqual({ retry: true, proof: 'idempotent', stale: false })
  })

  test.each(UNSAFE)('%s is in doubt once a byte of it was sent', method => {
    expect(isIdempotent(method)).toBe(false)
    expect(decideRetry(attempt({ method, requestBytesWritten: 1 }))).toEqual({ retry: false, inDoubt: true })
  })

  test('a PUT whose body is gone is not sent again, and not in doubt either', () => {
    const failed = attempt({ method: 'PUT', bodyReplayable: false })
    expect(decideRetry(failed)).toEqual({ retry: false, inDoubt: false })
  })

  test('garbage is not asked for twice, a slow response only where that is allowed', () => {
    expect(decideRetry(attempt({ failure: 'garbage' })).retry).toBe(false)
    expect(decideRetry(attempt({ failure: 'timeout' })).retry).toBe(false)
    expect(decideRetry(attempt({ failure: 'timeout', retryTimeouts: true })).retry).toBe(true)
    expect(decideRetry(attempt({ failure: 'timeout', requestBytesWritten: 0 })).retry).toBe(true)
  })

  test('a response of which the client saw a byte is never started anew', () => {
    expect(decideRetry(attempt({ stage: 'responding', responseStarted: true }))).toEqual({
      retry: false,
      inDoubt: false,
    })
    expect(decideRetry(attempt({ stage: 'responding', responseStarted: false })).retry).toBe(true)
  })

  test('a connection that the upstream closed while it was idle costs one attempt less, once', () => {
    const stale = attempt({ reusedConnection: true, attemptsMax: 1 })
    expect(decideRetry(stale)).toEqual({ retry: true, proof: 'idempotent', stale: true })
    expect(decideRetry({ ...stale, attemptsMade: 2 })).toEqual({ retry: false, inDoubt: false })
    expect(decideRetry({ ...stale, reusedConnection: false }).retry).toBe(false)
    expect(decideRetry({ ...stale, stage: 'responding' }).retry).toBe(false)
    expect(decideRetry({ ...stale, method: 'POST' })).toEqual({ retry: false, inDoubt: true })
  })

  test('follows the written rule in every combination', () => {
    let combinations = 0
    for (const failed of everyAttempt()) {
      combinations += 1
      const { method, failure, requestBytesWritten, attemptsMade, attemptsMax } = failed
      const idempotent = IDEMPOTENT.includes(method)
      const stale = failed.reusedConnection && failure === 'reset' && failed.stage !== 'responding'
      const ended = failed.responseStarted || failed.clientGone || attemptsMade >= attemptsMax + (stale ? 1 : 0)
      const passing = failure === 'reset' || failure === 'connect' || (failure === 'timeout' && failed.retryTimeouts)
      const inDoubt = !idempotent && requestBytesWritten > 0 && !failed.responseStarted
      const expected = ended
        ? { retry: false, inDoubt }
        : requestBytesWritten === 0
          ? { retry: true, proof: 'not-sent', stale }
          : idempotent && failed.bodyReplayable && passing
            ? { retry: true, proof: 'idempotent', stale }
            : { retry: false, inDoubt }
      expect(decideRetry(failed), JSON.stringify(failed)).toEqual(expected)
    }
    expect(combinations).toBe(3 * 4 * 3 * 2 * 4 * 2 * 2 * 4 * 2 * 2)
  })

  test('never sends an unsafe request again of which any byte was written, nor anything to a client that is gone', () => {
    const anyAttempt = fc.record({
      stage: fc.constantFrom(...STAGES),
      failure: fc.constantFrom(...FAILURES),
      requestBytesWritten: fc.nat(),
      reusedConnection: fc.boolean(),
      method: fc.oneof(fc.constantFrom(...IDEMPOTENT, ...UNSAFE), fc.string({ minLength: 1 })),
      bodyReplayable: fc.boolean(),
      responseStarted: fc.boolean(),
      attemptsMade: fc.integer({ min: 1, max: 12 }),
      attemptsMax: fc.integer({ min: 1, max: 10 }),
      clientGone: fc.boolean(),
      retryTimeouts: fc.boolean(),
    })
    fc.assert(
      fc.property(anyAttempt, failed => {
        const decision = decideRetry(failed)
        const unsafe = !IDEMPOTENT.includes(failed.method)
        if (unsafe && failed.requestBytesWritten > 0) expect(decision.retry).toBe(false)
        if (failed.responseStarted || failed.clientGone) expect(decision.retry).toBe(false)
        if (failed.attemptsMade > failed.attemptsMax) expect(decision.retry).toBe(false)
      }),
      { numRuns: 3000 },
    )
  })
})
