// Who passes a maintenance window all the same: clients of some addresses, or who sends a secret header.

import { hash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import type { WindowBypass } from '../../../plan/window.ts'
import { isHeaderValue, TOKEN } from '../../forms/http.ts'
import { type Contents, type NamedFile, wrongInHeaderFile } from '../../forms/named-file.ts'
import { error, type Finding, type Path, warning } from '../../forms/problem.ts'
import { checkRanges, range } from '../../forms/ranges.ts'
import { section, text } from '../../forms/schema-blocks.ts'

/** Shorter ones are guessed. */
const SHORTEST_VALUE = 8

const header = section(
  {
    name: Type.String({
      pattern: `^${TOKEN}$`,
      maxLength: 100,
      title: 'the name of a header, such as X-Release-Check',
      description: 'Name of the request header.',
    }),
    value: Type.Optional(
      text(
        'the value of the header',
        'Value that the header must have. It is a secret: who knows it passes. Either this or `valueFile`.',
      ),
    ),
    valueFile: Type.Optional(
      text('a file path', 'File that holds the value, relative to the configuration file. Either this or `value`.'),
    ),
  },
  'A request header that lets pass.',
)

export const bypassSchema = section(
  {
    addresses: Type.Optional(
      Type.Array(range('Address or CIDR range of clients.'), {
        maxItems: 1000,
        title: 'a list of addresses or ranges such as 10.0.0.0/8',
        description: 'Clients that pass. Default: none.',
      }),
    ),
    header: Type.Optional(header),
  },
  'Who passes all the same, to verify a release before it opens: any of these. Default: nobody.',
)

type BypassDocument = Static<typeof bypassSchema>

/** @param answers whether requests in the window are answered by vigia: else there is nothing to pass */
export function* checkBypass(bypass: BypassDocument, answers: boolean, at: Path): Iterable<Finding> {
  const { addresses = [], header } = bypass
  if (header === undefined && addresses.length === 0)
    yield error(at, 'lets nobody pass: set addresses or header, or remove it', 'key')
  if (!answers) yield warning(at, 'has no effect: nothing is answered, the upstreams are merely out', 'key')
  yield* checkRanges(addresses, [...at, 'addresses'], 'lets everyone pass: nobody would meet the window')
  if (header === undefined) return
  const { value, valueFile } = header
  if ((value === undefined) === (valueFile === undefined))
    yield error([...at, 'header'], 'needs either value or valueFile', 'key')
  if (value !== undefined && (!isHeaderValue(value) || value !== value.trim()))
    yield error([...at, 'header', 'value'], 'has characters, or spaces at an end, that a header value cannot have')
  else if (value !== undefined && value.length < SHORTEST_VALUE)
    yield warning([...at, 'header', 'value'], `is shorter than ${SHORTEST_VALUE} characters: it could be guessed`)
}

export function* bypassFiles(bypass: BypassDocument | undefined, at: Path): Iterable<NamedFile> {
  const file = bypass?.header?.valueFile
  if (file !== undefined) yield { path: [...at, 'header', 'valueFile'], file, wrongIn: wrongInHeaderFile }
}

export function compileBypass(bypass: BypassDocument | undefined, files: Contents): WindowBypass {
  return { addresses: bypass?.addresses ?? [], header: compileHeader(bypass?.header, files) }
}

function compileHeader(header: BypassDocument['header'], files: Contents): WindowBypass['header'] {
  if (header === undefined) return undefined
  const { name, value, valueFile } = header
  return { name: name.toLowerCase(), sha256: hash('sha256', value ?? files.get(valueFile ?? '') ?? '') }
}
