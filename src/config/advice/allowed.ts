// Advice that the file itself says it does not want: `# vigia: allow one-node` on the line that it is about, or on the lines of comment
// right above it.

const ALLOWS = /#[ \t]*vigia: allow[ \t]+([a-z][a-z, \t-]*)/
const COMMENT = /^[ \t]*#/

/** @param lines of the file @param line 1-based */
export function isAllowed(lines: readonly string[], line: number, code: string): boolean {
  if (allows(lines[line - 1], code)) return true
  for (let above = line - 2; COMMENT.test(lines[above] ?? ''); above--) if (allows(lines[above], code)) return true
  return false
}

function allows(line: string | undefined, code: string): boolean {
  const codes = ALLOWS.exec(line ?? '')?.[1] ?? ''
  return codes.split(/[, \t]+/).includes(code)
}
