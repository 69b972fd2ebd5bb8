// The check of a document against the schema. Packages hold it ready made (packaging/bundle/ready-check.ts).

import { Ajv } from 'ajv'
import { type ConfigDocument, configSchema } from '../document.ts'
import { CHECK_OPTIONS } from './check-options.ts'
import { inParts } from './in-parts.ts'

export const checkForm = new Ajv(CHECK_OPTIONS).compile<ConfigDocument>(inParts(configSchema))
