// Which paths and methods a block of nginx takes.

import type { Directive } from '../directive.ts'
import { globsOf, prefixesOf } from '../globs.ts'

export interface Pattern {
  /** Plain prefixes that it takes; undefined = it takes others. */
  readonly paths: readonly string[] | undefined
  /** The same with *, for denials; undefined = that can't be said. */
  readonly globs: readonly string[] | undefined
  readonly isExact: boolean
  readonly ignoresCase: boolean
}

/** @param first modifier or path @param second path, where the first is a modifier */
export function patternOf(first: string, second: string | undefined): Pattern {
  if (second === undefined) {
    const sign = /^(?:\^~|=|~\*|~)/.exec(first)?.[0]
    return sign === undefined ? plainPath(first, false) : patternOf(sign, first.slice(sign.length))
  }
  if (first === '=' || first === '^~') return plainPath(second, first === '=')
  const ignoresCase = first === '~*'
  // A pattern without regard to case takes more than one path.
  return { paths: ignoresCase ? undefined : prefixesOf(second), globs: globsOf(second), isExact: false, ignoresCase }
}

function plainPath(path: string, isExact: boolean): Pattern {
  return { paths: [path], globs: isExact ? [path] : [`${path}*`], isExact, ignoresCase: false }
}

/** Of `limit_except`. */
export function methodsOf({ args }: Directive): string[] {
  // GET stands for HEAD too.
  return [...new Set(args.flatMap(each => (each === 'GET' ? ['GET', 'HEAD'] : [each])))]
}
