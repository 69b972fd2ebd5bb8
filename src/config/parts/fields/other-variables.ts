// How other products write the variables of field values (nginx, HAProxy, Envoy, Caddy, Apache): what the writer most likely means.

import type { Variable } from '../../../policy/request/fields/template.ts'

const OTHERS: readonly (readonly [RegExp, Variable])[] = [
  [/\$(?:remote_addr|proxy_add_x_forwarded_for|realip_remote_addr)\b|%\[src\]|%ci\b|%\{REMOTE_ADDR\}/i, 'client'],
  [/%DOWNSTREAM_REMOTE_ADDRESS|\{http\.request\.remote|\{remote_host\}/i, 'client'],
  [
    /\$(?:http_host|host|server_name)\b|%\[req\.hdr\(host\)|%\{HTTP_HOST\}|%REQ\(:AUTHORITY|\{http\.request\.host/i,
    'host',
  ],
  [/\$scheme\b|%\{REQUEST_SCHEME\}|%REQ\(:SCHEME|\{http\.request\.scheme/i, 'scheme'],
  [/\$request_id\b|%\[unique-id\]|%ID\b|%\{UNIQUE_ID\}|%REQ\(X-REQUEST-ID/i, 'request-id'],
  [
    /\$upstream_addr\b|%UPSTREAM_(?:HOST|REMOTE_ADDRESS)|\{http\.reverse_proxy\.upstream|%\[srv_name\]|%s\b/i,
    'upstream',
  ],
]

/** @returns undefined where it looks like none of theirs */
export function otherVariable(value: string): Variable | undefined {
  return OTHERS.find(([pattern]) => pattern.test(value))?.[1]
}
