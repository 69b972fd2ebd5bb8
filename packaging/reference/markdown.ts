// Text as Markdown has it.

/** What it says on one line, in a cell of a table too. Placeholders such as <pool> are no tags, and an underscore within a word is none. */
export function line(text: string): string {
  return outsideCode(text.replaceAll(/\s+/g, ' ').trim(), piece =>
    piece.replaceAll(/[*<]|\b_(?=\W)|(?<=\W)_\b/g, '\\$&'),
  ).replaceAll('|', '\\|')
}

/** As it is written in a file or typed. */
export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

/** In a cell of a table. */
export function codeCell(text: string): string {
  return code(text).replaceAll('|', '\\|')
}

/** What is aligned already, as it is. */
export function block(text: string): string {
  return `\`\`\`text\n${text.replaceAll(/^\n+|\s+$/g, '')}\n\`\`\``
}

/** Nothing where there are no rows. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const written = [titles, titles.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`)
  return written.join('\n')
}

/** Pieces of a page, an empty line between two. */
export function page(...pieces: readonly string[]): string {
  return `${pieces.filter(piece => piece !== '').join('\n\n')}\n`
}

function outsideCode(text: string, change: (piece: string) => string): string {
  return text
    .split(/(`[^`]*`)/)
    .map(piece => (piece.startsWith('`') ? piece : change(piece)))
    .join('')
}
