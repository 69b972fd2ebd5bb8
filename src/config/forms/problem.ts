// What a configuration can be told about itself: one problem, where it is and how it reads.
// A message must never contain a value that came from a secret; whoever writes one quotes the file's text, not the value.

export type Path = readonly (string | number)[]

export interface Problem {
  readonly severity: 'error' | 'warning'
  /** As it was given on the command line. */
  readonly file: string
  /** 1-based; 1 where the problem has no place in the file. */
  readonly line: number
  readonly column: number
  /** `pools.erp.upstreams[0].url`; empty = the whole file. */
  readonly path: string
  /** What was wrong, what was expected. One line. */
  readonly message: string
}

/** What is legal, but unwise. */
export interface PlacedAdvice extends Omit<Problem, 'severity'> {
  readonly severity: 'advice'
  /** `one-node`: what it is told by, and allowed by. */
  readonly code: string
}

/** A problem whose place is still a path into the document. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly path: Path
  /** `key`: the problem is the last key of the path rather than its value. */
  readonly at: 'key' | 'value'
  readonly message: string
  /** What the message speaks of, too: where that stands in another file, the place is told. */
  readonly other?: Path
}

/** `file:line:column: path: message`, as compilers write it, so that editors and pipelines can jump there. */
export function formatProblem(problem: Problem | PlacedAdvice): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  const severity = problem.severity === 'error' ? '' : `${problem.severity}: `
  return `${place}: ${severity}${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`
}

export function formatPath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[A-Za-z0-9_-]+$/.test(step)) text += `[${quote(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** In quotes and on one line. Of any length: what is long is shortened once secrets are out of it. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

const LONGEST_QUOTE = 62

/** Quoted texts cut to what a terminal bears. */
export function shorten(message: string): string {
  return message.replace(/"(?:[^"\\]|\\.)*"/g, quoted =>
    quoted.length <= LONGEST_QUOTE ? quoted : `${quoted.slice(0, LONGEST_QUOTE - 4).replace(/\\$/, '')}..."`,
  )
}

export function error(path: Path, message: string, at: Finding['at'] = 'value'): Finding {
  return { severity: 'error', path, at, message }
}

export function warning(path: Path, message: string, at: Finding['at'] = 'value'): Finding {
  return { severity: 'warning', path, at, message }
}

/** Entries that have the name of one before them. @param list how messages call the list; it stands at `at` */
export function* repeatedNames(
  entries: readonly { readonly name?: string }[],
  list: string,
  at: Path = [list],
): Iterable<Finding> {
  const firsts = new Map<string, number>()
  for (const [i, { name }] of entries.entries()) {
    if (name === undefined) continue
    const first = firsts.get(name)
    if (first === undefined) firsts.set(name, i)
    else {
      const found = error([...at, i, 'name'], `${quote(name)} is the name of ${list}[${first}] already`)
      yield { ...found, other: [...at, first] }
    }
  }
}
