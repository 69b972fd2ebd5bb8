// Decides whether two revisions differ: Student's t interval over independent blocks. Pure.
//
// A block is one start of both revisions with several interleaved pairs of runs. The ratio of a pair cancels what slowed both down;
// the median over a block's pairs drops the pair that a noisy neighbour hit; and blocks, not pairs, are the sample, because two
// processes of the same code differ too (memory layout, what the compiler did when), and pairs within a block all share that.

export interface Verdict {
  /** CPU per request of B over that of A. */
  readonly ratio: number
  /** Interval that holds the true ratio in 95 of 100 such comparisons. */
  readonly low: number
  readonly high: number
  readonly says: 'faster' | 'slower' | 'no difference beyond the noise'
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, 3 ... degrees of freedom; beyond the table the last is close, and on the safe side. */
const t95 = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
  ...[2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093],
]
/** Differences below this are called none even where they are certain: nobody should choose code by them. */
export const leastRatio = 1.01

/** @param blocks ratios B / A of each block's pairs; at least two blocks */
export function judge(blocks: readonly (readonly number[])[]): Verdict {
  const logs = blocks.map(pairs => Math.log(median(pairs)))
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)
  const t = t95[logs.length - 2] ?? t95.at(-1) ?? Number.NaN
  const half = t * Math.sqrt(variance / logs.length)
  const [ratio, low, high] = [Math.exp(mean), Math.exp(mean - half), Math.exp(mean + half)]
  if (low > 1 && ratio >= leastRatio) return { ratio, low, high, says: 'slower' }
  if (high < 1 && ratio <= 1 / leastRatio) return { ratio, low, high, says: 'faster' }
  return { ratio, low, high, says: 'no difference beyond the noise' }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
