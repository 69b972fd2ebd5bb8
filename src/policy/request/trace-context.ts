// Which trace a request belongs to, by its `traceparent` field (W3C Trace Context). Reads only: vigia passes the field on as it is.

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/
const NO_TRACE = '00000000000000000000000000000000'

/** 32 hexadecimal digits; '' where there is none, or none that is valid. */
export function traceIdOf(traceparent: string | undefined): string {
  if (traceparent === undefined) return ''
  const [, version, traceId, more] = TRACEPARENT.exec(traceparent) ?? []
  if (traceId === undefined || traceId === NO_TRACE || version === 'ff') return ''
  // Only a version that is not known yet may have more than four parts.
  return version === '00' && more !== undefined ? '' : traceId
}
