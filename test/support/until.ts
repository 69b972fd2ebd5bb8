// Waiting in tests: polls a condition, or bounds a promise. No test sleeps for a fixed time instead.

/** Who has waited this long for something that takes a moment is stuck, also on a machine that has other things to do. */
export const STUCK_MS = 60_000

/** Sooner than any deadline that a test leaves as it is by default, all of a minute; later than a machine is held up by others. */
export const SOON_MS = 30_000

/** Of tests whose stimulus has to come in time: where the machine was late with it, it proves nothing and is given again. */
export const IN_TIME = { retry: 4 } as const

/** Between two looks, ms: at first short, for what comes at once; then longer, for what takes its time need not cost a core. */
const FIRST_MS = 5
const LONGEST_MS = 80

/** Resolves with the first truthy value of `condition`; rejects with `what` after `timeoutMs`. @param everyMs undefined = see above */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = STUCK_MS, everyMs }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (let pauseMs = everyMs ?? FIRST_MS; ; pauseMs = everyMs ?? Math.min(LONGEST_MS, pauseMs * 1.3)) {
    const value = await condition()
    if (value) return value as NonNullable<T>
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms still not true: ${what}`)
    await sleep(pauseMs)
  }
}

/** Rejects with `what` if the promise is not settled after `timeoutMs`. */
export async function within<T>(timeoutMs: number, what: string | (() => string), promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`after ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** For scripted upstreams and split bytes, where time itself is the stimulus; never to wait for a result. */
export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
