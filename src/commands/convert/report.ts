// What a conversion says for people: a line for each note, the gravest first, and what follows.

import type { Note, NoteKind } from './draft.ts'

const TITLES: readonly (readonly [NoteKind, string])[] = [
  ['unsafe', 'PROTECTS, AND IS NOT CONVERTED: what it protected is closed until you decide'],
  ['unconverted', 'Not converted'],
  ['differs', 'Behaves differently in vigia'],
  ['needless', 'Needs no word in vigia'],
]
/** The last kind is long, and nobody has to act on it. */
const SHORT: NoteKind = 'needless'

/** @returns lines; none where there is nothing to say */
export function reportLines(notes: readonly Note[]): string[] {
  return TITLES.flatMap(([kind, title]) => {
    const found = inOrder(notes.filter(each => each.kind === kind))
    if (found.length === 0) return []
    const lines = found.map(({ place, directive, message }) =>
      kind === SHORT
        ? `  ${place.file}:${place.line}: ${directive}`
        : `  ${place.file}:${place.line}: ${directive}: ${message}`,
    )
    return [`${title} (${found.length}):`, ...lines, '']
  })
}

/** As they stand in the files. */
export function inOrder(notes: readonly Note[]): Note[] {
  const files = [...new Set(notes.map(({ place }) => place.file))]
  return [...notes].sort(
    (a, b) => files.indexOf(a.place.file) - files.indexOf(b.place.file) || a.place.line - b.place.line,
  )
}
