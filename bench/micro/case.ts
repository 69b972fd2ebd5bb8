// What a micro-benchmark is: a function that does the operation `times` times and returns something that depends on every result,
// so that the compiler can't drop the work.

export interface MicroCase {
  readonly name: string
  run(times: number): number
}

/** Inputs are taken from a ring of several, so that no operation sees one constant that the compiler could fold. */
export function ring<T>(items: readonly T[]): (index: number) => T {
  const { length } = items
  return index => items[index % length]!
}
