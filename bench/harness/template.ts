// Fills a configuration template: ${NAME} becomes its value; a name without one stays as it is (it is the program's own).
import { readFileSync, writeFileSync } from 'node:fs'

export function writeFromTemplate(
  template: URL,
  path: string,
  values: Readonly<Record<string, string | number | undefined>>,
): string {
  const text = readFileSync(template, 'utf8')
  writeFileSync(
    path,
    text.replace(/\$\{([A-Z_]+)\}/g, (all, name: string) => String(values[name] ?? all)),
  )
  return path
}
