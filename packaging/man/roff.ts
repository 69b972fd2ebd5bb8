// Text as man pages have it (man(7)).

/** As a part of a line. A backslash, and a hyphen that people copy with a command, would be read as something else. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')
}

/** Words in backticks stand out. */
export function prose(text: string): string {
  return roff(text.replaceAll(/\s+/g, ' ').trim()).replaceAll(/`([^`]+)`/g, '\\fB$1\\fR')
}

/** What is aligned already, as it is. */
export function block(text: string): string {
  return `.nf\n${roff(text.replace(/^\n+|\s+$/g, ''))}\n.fi`
}

/** A term, and what is said of it. */
export function term(what: string, said: string): string {
  return `.TP\n\\fB${roff(what)}\\fR\n${prose(said)}`
}

export function head(name: string, section: number, version: string, what: string): string {
  return `.TH ${name.toUpperCase()} ${section} "" "vigia ${version}" "vigia"\n.SH NAME\n${name} \\- ${prose(what)}`
}
