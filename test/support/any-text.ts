// Characters for properties of texts: every UTF-16 unit, half surrogate pairs included. fast-check's own `binary` takes seconds to set up.

import fc from 'fast-check'

export const ANY_UNIT = fc.integer({ min: 0, max: 0xffff }).map(unit => String.fromCharCode(unit))
