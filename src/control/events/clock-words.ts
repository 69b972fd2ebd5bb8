// By how much a clock was set, in words. Pure.

/** `forward by 3.5 h`, `back by 12.0 s` */
export function stepWords(byMs: number): string {
  const seconds = Math.abs(byMs) / 1000
  const amount =
    seconds < 120
      ? `${seconds.toFixed(1)} s`
      : seconds < 7200
        ? `${(seconds / 60).toFixed(1)} min`
        : `${(seconds / 3600).toFixed(1)} h`
  return `${byMs < 0 ? 'back' : 'forward'} by ${amount}`
}
