// "Did you mean": the candidate that a mistyped word most likely stands for. Decides by edit distance alone.

/** The closest candidate, or undefined where none is close enough to be a slip of the fingers. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase()
  // One slip in a short word, two in a longer one, three in a long one; failing that, the only one that begins the word or begins with it.
  let best = Math.min(3, Math.max(1, Math.floor(wanted.length / 3)))
  let found: string | undefined
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase()
    if (Math.abs(lower.length - wanted.length) > best) continue
    const edits = distance(wanted, lower)
    if (edits < best || (edits === best && found === undefined)) {
      best = edits
      found = candidate
    }
  }
  if (found !== undefined || wanted.length < 3) return found
  const starting = [...candidates].filter(candidate => {
    const lower = candidate.toLowerCase()
    return lower.startsWith(wanted) || (lower.length > 2 && wanted.startsWith(lower))
  })
  return starting.length === 1 ? starting[0] : undefined
}

/** `, did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates)
  return found === undefined ? '' : `, did you mean "${found}"?`
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function distance(a: string, b: string): number {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, older[j - 2]! + 1)
      row.push(edits)
    }
    older = previous
    previous = row
  }
  return previous[b.length]!
}
