// Where a directive of nginx holds: the block that it stands in and all within, unless one of these has its own.

import { type Directive, take } from '../directive.ts'

/** Blocks from the innermost to the outermost. */
export type Levels = readonly (readonly Directive[])[]

/** All of that name of the innermost block that has any: what nginx inherits as a whole. */
export function inherited(levels: Levels, name: string | readonly string[]): Directive[] {
  const names = typeof name === 'string' ? [name] : name
  let found: Directive[] = []
  for (const level of levels) {
    const here = level.filter(each => names.includes(each.name))
    for (const each of here) each.used = true
    if (found.length === 0) found = here
  }
  return found
}

export function one(levels: Levels, name: string): Directive | undefined {
  return inherited(levels, name).at(-1)
}

/** In this block only. */
export function own(levels: Levels, name: string): Directive | undefined {
  return take(levels[0]!, name).at(-1)
}
