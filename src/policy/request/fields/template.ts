// Values of fields with variables in braces, such as `{client}`. `{{` is a brace; braces around anything but a word, as in JSON, are themselves.

export const VARIABLES = ['client', 'host', 'scheme', 'request-id', 'listener', 'route', 'pool', 'upstream'] as const
export type Variable = (typeof VARIABLES)[number]

/** Texts and variables in turns: the first, the third ... are texts. */
export type Template = readonly string[]

const PLACE = /\{\{|\{([A-Za-z][A-Za-z0-9_-]*)\}/g

/** @returns the word in braces that is no variable, where there is one */
export function parseTemplate(value: string): Template | { readonly unknown: string } {
  const parts = ['']
  let at = 0
  for (const { 0: found, 1: word, index } of value.matchAll(PLACE)) {
    parts[parts.length - 1] += value.slice(at, index)
    at = index + found.length
    if (word === undefined) parts[parts.length - 1] += '{'
    else if (!isVariable(word)) return { unknown: word }
    else parts.push(word, '')
  }
  parts[parts.length - 1] += value.slice(at)
  return parts
}

export function variablesOf(template: Template): Variable[] {
  return template.filter((_, i) => i % 2 === 1) as Variable[]
}

/** @param lookUp '' = it has none */
export function render(template: Template, lookUp: (variable: Variable) => string): string {
  return template.map((part, i) => (i % 2 === 1 ? lookUp(part as Variable) : part)).join('')
}

function isVariable(word: string): word is Variable {
  return (VARIABLES as readonly string[]).includes(word)
}
