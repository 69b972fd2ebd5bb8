// Breaks a sentence into lines that a terminal has room for. Pure.

/**
 * @param columns of the terminal @param indent before each line but the first @param first before that
 * @returns at least one line; a longer word stays whole
 */
export function wrap(text: string, columns: number, indent: string, first = ''): string[] {
  const [start = '', ...words] = text.split(' ')
  const lines: string[] = []
  let line = first + start
  for (const word of words) {
    const longer = `${line} ${word}`
    if (longer.length > columns) lines.push(line)
    line = longer.length > columns ? indent + word : longer
  }
  return [...lines, line]
}
