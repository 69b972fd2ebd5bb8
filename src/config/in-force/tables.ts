// What the parts say of keys that are not there, and of short forms, joined.

import type { LongForms, Otherwises } from '../forms/otherwise.ts'
import { derived } from '../forms/otherwise.ts'
import { formatPath } from '../forms/problem.ts'
import { OTHERWISE_IN_ACME } from '../parts/acme.ts'
import { OTHERWISE_IN_ADMIN } from '../parts/admin.ts'
import { OTHERWISE_IN_BOUNDS } from '../parts/bounds.ts'
import { LONG_FORMS_OF_BUFFER, OTHERWISE_IN_BUFFER } from '../parts/buffer.ts'
import { OTHERWISE_IN_LISTENERS } from '../parts/listener.ts'
import { LONG_FORMS_OF_LOG } from '../parts/log.ts'
import { OTHERWISE_IN_WINDOW } from '../parts/maintenance/window.ts'
import { OTHERWISE_IN_PAGES } from '../parts/pages.ts'
import { OTHERWISE_IN_APPLICATION } from '../parts/pool/application.ts'
import { LONG_FORMS_OF_BALANCE } from '../parts/pool/balance.ts'
import { LONG_FORMS_OF_HEALTH, OTHERWISE_IN_HEALTH } from '../parts/pool/health.ts'
import { OTHERWISE_IN_OUTLIER } from '../parts/pool/outlier.ts'
import { spillOf } from '../parts/pool/pool.ts'
import { OTHERWISE_IN_REQUEST_BODY } from '../parts/pool/request-body.ts'
import { OTHERWISE_IN_UPSTREAM } from '../parts/pool/upstream.ts'
import { LONG_FORMS_OF_COMPRESS, OTHERWISE_IN_COMPRESS } from '../parts/route/compress.ts'
import { OTHERWISE_IN_RATE_LIMIT } from '../parts/route/rate-limit.ts'
import { LONG_FORMS_OF_STORE } from '../parts/store.ts'

export const OTHERWISE: Otherwises = {
  ...OTHERWISE_IN_LISTENERS,
  'routes[].name': ({ at }) => ({ words: formatPath(at) }),
  ...OTHERWISE_IN_BOUNDS,
  ...OTHERWISE_IN_BUFFER,
  ...OTHERWISE_IN_COMPRESS,
  ...OTHERWISE_IN_RATE_LIMIT,
  ...OTHERWISE_IN_PAGES,
  'pools.*.spill': around =>
    around.beside.overprovisioning === undefined
      ? undefined
      : derived(around, spillOf(around.beside), 'overprovisioning'),
  ...OTHERWISE_IN_APPLICATION,
  ...OTHERWISE_IN_HEALTH,
  ...OTHERWISE_IN_OUTLIER,
  ...OTHERWISE_IN_REQUEST_BODY,
  ...OTHERWISE_IN_UPSTREAM,
  ...OTHERWISE_IN_ACME,
  ...OTHERWISE_IN_ADMIN,
  ...OTHERWISE_IN_WINDOW,
}

export const LONG_FORMS: LongForms = {
  ...LONG_FORMS_OF_BUFFER,
  ...LONG_FORMS_OF_COMPRESS,
  ...LONG_FORMS_OF_BALANCE,
  ...LONG_FORMS_OF_HEALTH,
  ...LONG_FORMS_OF_LOG,
  ...LONG_FORMS_OF_STORE,
}
