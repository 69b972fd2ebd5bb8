// Before each file: how often a property runs that does not say so itself.

import fc from 'fast-check'
import { amount } from './thorough.ts'

fc.configureGlobal({ numRuns: amount(100) })
