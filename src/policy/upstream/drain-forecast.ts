// When an upstream that is being drained will be free, from what was left on it since the drain began. A guess, and said to be
// one: requests and sessions mostly decay exponentially, tunnels that are closed one by one in a line; whichever fits better counts.

export interface DrainSample {
  /** Epoch ms. */
  readonly atMs: number
  /** Requests, tunnels and sessions that are left. */
  readonly remaining: number
}

/** Fewer say nothing. */
const LEAST_SAMPLES = 4
/** Below this an exponential counts as gone. */
const GONE = 0.5

/**
 * Epoch ms: when it became free, if it is; else when it probably will be, never before now nor beyond the deadline.
 * Undefined where what is left does not fall (yet). @param samples in the order of time
 */
export function forecastFree(
  samples: readonly DrainSample[],
  nowMs: number,
  deadlineMs: number | undefined,
): number | undefined {
  const last = samples.at(-1)
  if (last === undefined) return undefined
  if (last.remaining === 0) return freeSince(samples)
  if (samples.length < LEAST_SAMPLES) return undefined
  const guesses = [lineGuess(samples), decayGuess(samples)].filter(guess => guess !== undefined)
  guesses.sort((a, b) => a.error - b.error)
  const best = guesses[0]
  if (best === undefined) return undefined
  return Math.min(Math.max(nowMs, best.freeMs), deadlineMs ?? Number.POSITIVE_INFINITY)
}

interface Guess {
  readonly freeMs: number
  /** Sum of squares between what it says and what was seen. */
  readonly error: number
}

function freeSince(samples: readonly DrainSample[]): number {
  let at = samples.length - 1
  while (at > 0 && samples[at - 1]!.remaining === 0) at -= 1
  return samples[at]!.atMs
}

function lineGuess(samples: readonly DrainSample[]): Guess | undefined {
  const line = fit(samples.map(({ atMs, remaining }) => [atMs, remaining]))
  if (line === undefined) return undefined
  return {
    freeMs: line.meanX - line.meanY / line.slope,
    error: errorOf(samples, atMs => line.meanY + line.slope * (atMs - line.meanX)),
  }
}

function decayGuess(samples: readonly DrainSample[]): Guess | undefined {
  // A zero in between has no logarithm; half a request stands for it.
  const line = fit(samples.map(({ atMs, remaining }) => [atMs, Math.log(Math.max(remaining, GONE))]))
  if (line === undefined) return undefined
  return {
    freeMs: line.meanX + (Math.log(GONE) - line.meanY) / line.slope,
    error: errorOf(samples, atMs => Math.exp(line.meanY + line.slope * (atMs - line.meanX))),
  }
}

function errorOf(samples: readonly DrainSample[], guess: (atMs: number) => number): number {
  return samples.reduce((sum, { atMs, remaining }) => sum + (remaining - guess(atMs)) ** 2, 0)
}

/** Least squares around the mean (epoch milliseconds are large); undefined where it does not fall. */
function fit(points: readonly (readonly [number, number])[]) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  let xx = 0
  let xy = 0
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2
    xy += (x - meanX) * (y - meanY)
  }
  // A slope that only rounding made is none: it would put the end thousands of years ahead.
  const slope = xx === 0 ? 0 : xy / xx
  return slope < 0 && Math.abs(slope) * Math.sqrt(xx) > 1e-6 * (1 + Math.abs(meanY))
    ? { meanX, meanY, slope }
    : undefined
}
