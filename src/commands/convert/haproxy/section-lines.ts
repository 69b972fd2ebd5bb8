// What holds in a section of HAProxy: its own lines, and those of its `defaults` where it has none of that name.

import type { Directive } from '../directive.ts'
import type { Section } from './read.ts'

/** All of that keyword that hold. `balance`, `timeout connect`, `option httpchk`: of two words the second is the first argument. */
export function holding({ lines, defaults }: Section, keyword: string): Directive[] {
  const [name = '', first] = keyword.split(' ')
  const isIt = (each: Directive) => each.name === name && (first === undefined || each.args[0] === first)
  const isOff = (each: Directive) => each.name === 'no' && each.args[0] === name && each.args[1] === first
  for (const each of [...lines, ...defaults]) if (isIt(each) || isOff(each)) each.used = true
  const own = lines.filter(isIt)
  return own.length > 0 || lines.some(isOff) ? own : defaults.filter(isIt)
}

/** The last of them: later lines replace earlier ones. */
export function lastOf(section: Section, keyword: string): Directive | undefined {
  return holding(section, keyword).at(-1)
}
