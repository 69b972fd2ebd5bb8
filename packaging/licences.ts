// What vigia is delivered with, and on which terms: the text of LICENSES.txt. Every package is named with its licence and the text that it
// brings; texts that are the same stand there once.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const RULE = '-'.repeat(78)

/** Texts of the licences of packages that bring none, by their name; the holder is named above. */
const WITHOUT_TEXT: Readonly<Record<string, string>> = {
  MIT: `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice
shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY
OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE
USE OR OTHER DEALINGS IN THE SOFTWARE.`,
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/** @param packages their folders @throws where nobody says on which terms a package may be used */
export function licences(packages: readonly string[]): string {
  const users = new Map<string, string[]>()
  for (const folder of packages) {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as Manifest
    const [text] = globSync(['{LICEN[CS]E,license,licence,License,COPYING}{,.*,-*}'], { cwd: folder }).sort()
    const terms = text === undefined ? WITHOUT_TEXT[license ?? ''] : readFileSync(join(folder, text), 'utf8').trim()
    if (license === undefined || terms === undefined) throw new Error(`${name} ${version} does not say its licence`)
    const by = typeof author === 'string' ? author : author?.name
    const whose = text === undefined && by !== undefined ? `, by ${by}` : ''
    users.set(terms, [...(users.get(terms) ?? []), `${name} ${version} (${license}${whose})`])
  }
  return [
    'vigia is licensed under the Apache License, version 2.0 (LICENSE). Its files hold the software named here. Of a choice of',
    'licences the one that is not the GPL is taken.',
    ...[...users].flatMap(([terms, names]) => ['', RULE, ...names, RULE, terms]),
    '',
  ].join('\n')
}
