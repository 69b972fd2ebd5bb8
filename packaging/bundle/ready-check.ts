// The check of a configuration's form, as the code that ajv would make of the schema at each start: half of what `vigia check` takes.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'rolldown'
import { configSchema } from '../../src/config/document.ts'
import { CHECK_OPTIONS } from '../../src/config/read/check-options.ts'
import { inParts } from '../../src/config/read/in-parts.ts'

const load = createRequire(import.meta.url)
/** What has it made at its start. */
const MODULE = join(import.meta.dirname, '../../src/config/read/check-form.ts')

export const readyCheck: Plugin = {
  name: 'ready-check',
  load(id) {
    return id === MODULE ? { code: readyCode(), moduleType: 'js' } : undefined
  },
}

export function readyCode(): string {
  const { Ajv } = load('ajv') as typeof import('ajv')
  const standalone = (load('ajv/dist/standalone/index.js') as typeof import('ajv/dist/standalone/index.js')).default
  const ajv = new Ajv({ ...CHECK_OPTIONS, code: { ...CHECK_OPTIONS.code, source: true, esm: true } })
  const code = standalone(ajv.addSchema(inParts(configSchema), 'configuration'), { checkForm: 'configuration' })
  // It is a module, but asks for ajv's helpers as a script would.
  return code.replace(
    /const (\w+) = require\("([^"]+)"\)\.default/g,
    (_, name: string, path: string) =>
      `import module_${name} from "${path}.js"; const ${name} = module_${name}.default`,
  )
}
