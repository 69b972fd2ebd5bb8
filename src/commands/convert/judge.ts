// Holds a draft against what `vigia check` says of it: routes that nothing reaches go, and every other problem is a TODO at its place.

import type { Problem } from '../../config/forms/problem.ts'
import { loadBytes } from '../../config/read/load.ts'
import type { Draft } from './draft.ts'
import { writeDraft } from './write.ts'

export interface Judged {
  readonly text: string
  /** Of the text without its comments about them; none = vigia can run with it. */
  readonly problems: readonly Problem[]
}

const OUT_OF_REACH = /^no request can reach this route/

/** @param file where it will lie: the files that it names are looked for from there */
export function judge(draft: Draft, title: string, file: string, env: NodeJS.ProcessEnv): Judged {
  let text = writeDraft(draft, title)
  let problems = problemsOf(text, file, env)
  const unreached = problems
    .filter(({ message }) => OUT_OF_REACH.test(message))
    .map(({ path }) => Number(/\d+/.exec(path)?.[0]))
  if (unreached.length > 0) {
    for (const at of unreached.sort((a, b) => b - a)) {
      const [route] = draft.routes.splice(at, 1)
      const [place = '', line = '1'] = route?.comments[0]?.split(/:(?=\d+$)/) ?? []
      draft.noteAt(
        'differs',
        { file: place, line: Number(line) },
        route?.match.path ?? 'route',
        'left out: no request would reach it, others before it take all that it matches',
      )
    }
    text = writeDraft(draft, title)
    problems = problemsOf(text, file, env)
  }
  return { text: withTodos(text, problems), problems }
}

function problemsOf(text: string, file: string, env: NodeJS.ProcessEnv): readonly Problem[] {
  const loaded = loadBytes(new TextEncoder().encode(text), file, env)
  return loaded.ok ? [] : loaded.problems.filter(({ severity }) => severity === 'error')
}

function withTodos(text: string, problems: readonly Problem[]): string {
  const lines = text.split('\n')
  for (const { line, path, message } of [...problems].sort((a, b) => b.line - a.line || b.column - a.column)) {
    const at = Math.min(line, lines.length) - 1
    const indent = /^\s*/.exec(lines[at] ?? '')?.[0] ?? ''
    lines.splice(at, 0, `${indent}# TODO vigia check: ${path === '' ? '' : `${path}: `}${message}`)
  }
  return lines.join('\n')
}
