// Before each file: how often a property runs that does not say so itself, and with what.

import fc from 'fast-check'
import { amount, THOROUGH } from './thorough.ts'

// The same inputs in each `npm test`, so that it fails for what was changed; others with each thorough run, so that faults are found.
fc.configureGlobal({ numRuns: amount(100), ...(THOROUGH ? {} : { seed: 7 }) })
