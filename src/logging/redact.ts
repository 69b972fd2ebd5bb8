// Which fields never reach a log line. Add a name here rather than trusting each caller to leave it out.

const SECRET_NAMES = [
  'authorization',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'Cookie',
  'set-cookie',
  'password',
  'token',
  'secret',
]

/** pino's paths: each name at the top and one or two levels down. */
export const REDACTED_PATHS: string[] = SECRET_NAMES.flatMap(name => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`])
