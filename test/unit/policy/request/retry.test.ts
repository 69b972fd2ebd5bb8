import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AnsweredAttempt,
  type Declared,
  decideRetry,
  decideRetryOfAnswer,
  decideRetryWithLength,
  type FailedAttempt,
  isBudgeted,
  isIdempotent,
  isInDoubt,
  isRefusal,
  type Repetition,
  whyNotRetried,
} from '../../../../src/policy/request/retry.ts'
import { amount } from '../../../support/thorough.ts'

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
const FAILURES = ['connect', 'timeout', 'reset', 'garbage', 'own', 'silent'] as const
const BOTH = [false, true]
const DECLARED: readonly (Declared | undefined)[] = [undefined, 'keyed', 'read', 'poll']

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
                      for (const declared of DECLARED)
                        for (const withinBudget of BOTH)
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
                            declared,
                            withinBudget,
                          }
}

describe('whyNotRetried', () => {
  test('has a reason exactly where no attempt follows', () => {
    for (const each of everyAttempt()) {
      if ((whyNotRetried(each) === undefined) !== decideRetry(each).retry) expect.fail(JSON.stringify(each))
    }
  })

  test.each([
    [{ responseStarted: true }, 'answer-begun'],
    [{ clientGone: true }, 'client-gone'],
    [{ method: 'POST' }, 'not-repeatable'],
    [{ method: 'PUT', bodyReplayable: false }, 'body-gone'],
    [{ loggedIn: true }, 'login'],
    [{ attemptsMade: 3 }, 'attempts'],
    [{ withinBudget: false }, 'budget'],
    [{ failure: 'timeout' }, 'timeout'],
    [{ failure: 'garbage', attemptsMade: 2 }, 'garbage'],
    // What can't be helped is said before what could be configured otherwise.
    [{ method: 'POST', attemptsMade: 3, withinBudget: false }, 'not-repeatable'],
  ] as const)('%o: %s', (changes, reason) => {
    expect(whyNotRetried(attempt(changes))).toBe(reason)
  })
})

describe('decideRetry', () => {
  test('nothing is sent again that went on the login of its client, or tried to become one', () => {
    for (const method of IDEMPOTENT)
      for (const failure of ['reset', 'timeout', 'garbage'] as const)
        for (const reusedConnection of BOTH) {
          const failed = attempt({ method, failure, reusedConnection, loggedIn: true, retryTimeouts: true })
          expect(decideRetry(failed)).toEqual({ retry: false })
        }
    expect(decideRetry(attempt({ loggedIn: true, declared: 'keyed', method: 'POST' }))).toEqual({ retry: false })
    const unsent = attempt({ loggedIn: true, requestBytesWritten: 0, stage: 'connect', failure: 'connect' })
    expect(decideRetry(unsent)).toMatchObject({ retry: true, proof: 'not-sent' })
  })

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
    const failed = attempt({ method, requestBytesWritten: 1 })
    expect(decideRetry(failed)).toEqual({ retry: false })
    expect(isInDoubt(failed)).toBe(true)
    expect(isInDoubt({ ...failed, requestBytesWritten: 0 })).toBe(false)
  })

  test('a PUT whose body is gone is not sent again, and not in doubt either', () => {
    const failed = attempt({ method: 'PUT', bodyReplayable: false })
    expect(decideRetry(failed)).toEqual({ retry: false })
    expect(isInDoubt(failed)).toBe(false)
  })

  test('garbage is asked for a second time, not a third; a slow response only where that is allowed', () => {
    expect(decideRetry(attempt({ failure: 'garbage', stage: 'responding' })).retry).toBe(true)
    expect(decideRetry(attempt({ failure: 'garbage', attemptsMade: 2 })).retry).toBe(false)
    expect(decideRetry(attempt({ failure: 'garbage', method: 'POST' })).retry).toBe(false)
    expect(decideRetry(attempt({ failure: 'timeout' })).retry).toBe(false)
    expect(decideRetry(attempt({ failure: 'timeout', retryTimeouts: true })).retry).toBe(true)
    expect(decideRetry(attempt({ failure: 'timeout', requestBytesWritten: 0 })).retry).toBe(true)
  })

  test('a response of which the client saw a byte is never started anew', () => {
    expect(decideRetry(attempt({ stage: 'responding', responseStarted: true }))).toEqual({ retry: false })
    expect(decideRetry(attempt({ stage: 'responding', responseStarted: false })).retry).toBe(true)
  })

  test('a connection that the upstream closed while it was idle costs one attempt less, once', () => {
    const stale = attempt({ reusedConnection: true, attemptsMax: 1 })
    expect(decideRetry(stale)).toEqual({ retry: true, proof: 'idempotent', stale: true })
    expect(decideRetry({ ...stale, attemptsMade: 2 })).toEqual({ retry: false })
    expect(decideRetry({ ...stale, reusedConnection: false }).retry).toBe(false)
    expect(decideRetry({ ...stale, stage: 'responding' }).retry).toBe(false)
    expect(decideRetry({ ...stale, method: 'POST' })).toEqual({ retry: false })
  })

  test('a keyed POST is sent again, and in doubt until it is answered; a read is never in doubt', () => {
    const keyed = attempt({ method: 'POST', declared: 'keyed' })
    expect(decideRetry(keyed)).toEqual({ retry: true, proof: 'declared', stale: false })
    expect(decideRetry({ ...keyed, attemptsMade: 3 })).toEqual({ retry: false })
    expect(decideRetry({ ...keyed, bodyReplayable: false })).toEqual({ retry: false })
    expect(isInDoubt(keyed)).toBe(true)
    const read = attempt({ method: 'POST', declared: 'read' })
    expect(decideRetry(read)).toEqual({ retry: true, proof: 'declared', stale: false })
    expect(decideRetry({ ...read, attemptsMade: 3 })).toEqual({ retry: false })
    expect(isInDoubt(read)).toBe(false)
  })

  test('a declared request on a connection that the upstream had closed goes out on a fresh one', () => {
    const stale = attempt({ method: 'POST', declared: 'read', reusedConnection: true, attemptsMax: 1 })
    expect(decideRetry(stale)).toEqual({ retry: true, proof: 'declared', stale: true })
  })

  test('an unsafe request whose answer was cut is in doubt, whatever the client saw of it', () => {
    const cut = attempt({ method: 'POST', stage: 'responding', responseStarted: true })
    expect(decideRetry(cut)).toEqual({ retry: false })
    expect(isInDoubt(cut)).toBe(true)
  })

  test('beyond the budget only what cost no upstream anything is tried again', () => {
    const beyond = attempt({ withinBudget: false })
    expect(decideRetry(beyond)).toEqual({ retry: false })
    expect(decideRetry({ ...beyond, method: 'POST', declared: 'keyed' })).toEqual({ retry: false })
    expect(decideRetry({ ...beyond, requestBytesWritten: 0 }).retry).toBe(true)
    expect(decideRetry({ ...beyond, reusedConnection: true }).retry).toBe(true)
  })

  test('follows the written rule in every combination', () => {
    let combinations = 0
    for (const failed of everyAttempt()) {
      combinations += 1
      const { method, failure, requestBytesWritten, attemptsMade, attemptsMax } = failed
      const idempotent = IDEMPOTENT.includes(method)
      const stale = failed.reusedConnection && failure === 'reset' && failed.stage !== 'responding'
      const ended = failed.responseStarted || failed.clientGone || attemptsMade >= attemptsMax + (stale ? 1 : 0)
      const passing = {
        reset: true,
        connect: true,
        own: true,
        silent: true,
        timeout: failed.retryTimeouts,
        garbage: attemptsMade === 1,
      }[failure]
      const repeatable = (idempotent || failed.declared !== undefined) && failed.bodyReplayable
      const expected = ended
        ? { retry: false }
        : requestBytesWritten === 0
          ? { retry: true, proof: 'not-sent', stale }
          : repeatable && passing && (stale || failed.withinBudget)
            ? { retry: true, proof: idempotent ? 'idempotent' : 'declared', stale }
            : { retry: false }
      const decision = decideRetry(failed)
      // Comparing as text is much quicker than `toEqual`, a quarter of a million times.
      if (JSON.stringify(decision) !== JSON.stringify(expected))
        expect(decision, JSON.stringify(failed)).toEqual(expected)
    }
    expect(combinations).toBe(3 * 6 * 4 * 2 * 4 * 2 * 2 * 4 * 2 * 2 * 3 * 2)
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
      declared: fc.constantFrom(...DECLARED),
      withinBudget: fc.constantFrom(undefined, false, true),
      onlyInterim: fc.boolean(),
    })
    fc.assert(
      fc.property(anyAttempt, failed => {
        const decision = decideRetry(failed)
        const unsafe = !IDEMPOTENT.includes(failed.method)
        if (unsafe && failed.declared === undefined && failed.requestBytesWritten > 0)
          expect(decision.retry).toBe(false)
        if (decision.retry && decision.proof === 'declared') expect(failed.declared).toBeDefined()
        if (decision.retry && isBudgeted(decision)) expect(failed.withinBudget).not.toBe(false)
        if (failed.responseStarted || failed.clientGone) expect(decision.retry).toBe(false)
        if (failed.attemptsMade > failed.attemptsMax) expect(decision.retry).toBe(false)
      }),
      { numRuns: amount(1000) },
    )
  })
})

test.each([
  { status: 403, requestWhole: true, refusal: true },
  { status: 413, requestWhole: false, refusal: true },
  { status: 503, requestWhole: false, refusal: true },
  { status: 500, requestWhole: true, refusal: false },
  // A server that answers while it still reads may work on what it has read.
  { status: 200, requestWhole: false, refusal: false },
  { status: 399, requestWhole: false, refusal: false },
])('a cut answer $status to a request that has left (whole: $requestWhole) is a refusal: $refusal', each => {
  expect(isRefusal(each.status, each.requestWhole)).toBe(each.refusal)
})

describe('decideRetryOfAnswer', () => {
  test('an answer to the login of a client is passed on', () => {
    const answered = { ...attempt({ loggedIn: true }), status: 503, statuses: [503] }
    expect(decideRetryOfAnswer(answered)).toEqual({ retry: false })
  })

  const answered = (changes: Partial<AnsweredAttempt>): AnsweredAttempt => ({
    status: 503,
    statuses: [502, 503],
    method: 'GET',
    bodyReplayable: true,
    responseStarted: false,
    attemptsMade: 1,
    attemptsMax: 3,
    clientGone: false,
    ...changes,
  })

  test('tries an idempotent or declared request elsewhere on a status that the pool names', () => {
    expect(decideRetryOfAnswer(answered({}))).toEqual({ retry: true, proof: 'idempotent', stale: false })
    for (const declared of ['keyed', 'read'] as const) {
      const expected = { retry: true, proof: 'declared', stale: false }
      expect(decideRetryOfAnswer(answered({ method: 'POST', declared }))).toEqual(expected)
    }
  })

  test('passes every other answer on, with nothing in doubt', () => {
    const passedOn: Partial<AnsweredAttempt>[] = [
      { status: 504 },
      { status: 500 },
      { status: 200 },
      { statuses: [] },
      { method: 'POST' },
      { method: 'PUT', bodyReplayable: false },
      { responseStarted: true },
      { clientGone: true },
      { attemptsMade: 3 },
      { withinBudget: false },
    ]
    for (const changes of passedOn) {
      expect(decideRetryOfAnswer(answered(changes)), JSON.stringify(changes)).toEqual({ retry: false })
    }
  })
})

test('a request that was refused for want of a length is sent again with one, whatever its method, unless it is over', () => {
  const refused: Repetition = {
    method: 'POST',
    bodyReplayable: true,
    responseStarted: false,
    attemptsMade: 1,
    attemptsMax: 3,
    clientGone: false,
    withinBudget: false,
  }
  expect(decideRetryWithLength(refused)).toEqual({ retry: true, proof: 'refused', stale: false })
  const over: Partial<Repetition>[] = [
    { bodyReplayable: false },
    { loggedIn: true },
    { responseStarted: true },
    { clientGone: true },
    { attemptsMade: 3 },
  ]
  for (const changes of over)
    expect(decideRetryWithLength({ ...refused, ...changes }), JSON.stringify(changes)).toEqual({ retry: false })
})

test('only a retry that upstreams may have worked on before is taken from the budget', () => {
  expect(isBudgeted({ retry: true, proof: 'idempotent', stale: false })).toBe(true)
  expect(isBudgeted({ retry: true, proof: 'declared', stale: false })).toBe(true)
  expect(isBudgeted({ retry: true, proof: 'not-sent', stale: false })).toBe(false)
  expect(isBudgeted({ retry: true, proof: 'refused', stale: false })).toBe(false)
  expect(isBudgeted({ retry: true, proof: 'idempotent', stale: true })).toBe(false)
  expect(isBudgeted({ retry: false })).toBe(false)
})
