// The part of the schema that describes what is logged: vigia's own log, and the access log with its sampling.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { described, duration, section, share, text } from './schema-parts.ts'

const { accessLog } = DEFAULTS

export const accessLogSchema = Type.Union(
  [
    Type.Boolean(),
    section(
      {
        path: Type.Optional(
          text(
            'a file path',
            'File to append to, relative to the configuration file; opened again on SIGUSR1, SIGHUP and each reload. Default: standard output.',
          ),
        ),
        sample: Type.Optional(
          share(
            'Share of all requests that get a line, drawn by their request id. Effect: less than 100% leaves out the rest of what went well and fast.',
            accessLog.sample,
            'none, but those that `slowerThan` and `errors` keep',
          ),
        ),
        slowerThan: Type.Optional(
          duration(
            'Duration. With `sample`: a request that took longer always gets a line.',
            accessLog.slowerThan,
            'how long it took does not matter',
          ),
        ),
        errors: Type.Optional(
          Type.Union([Type.Literal('always'), Type.Literal('sampled')], {
            title: 'one of always, sampled',
            ...described(
              'With `sample`: whether a request always gets a line in which something went wrong: a 5xx, a retry, an answer that was cut or never came. What clients do wrong (4xx) and planned maintenance count as ordinary.',
              accessLog.errors,
            ),
          }),
        ),
      },
      'Access log in a file, or of a part of the requests.',
      { title: 'a mapping with `path`, `sample`, `slowerThan` or `errors`' },
    ),
  ],
  {
    title: 'true, false, or { path: FILE }',
    ...described(
      'One line of JSON per request: true = to standard output, { path: FILE } = to a file. Never query values, cookies, credentials or bodies.',
      false,
    ),
  },
)

export const logSchema = section(
  {
    level: Type.Optional(
      Type.Union(
        [
          Type.Literal('fatal'),
          Type.Literal('error'),
          Type.Literal('warn'),
          Type.Literal('info'),
          Type.Literal('debug'),
        ],
        {
          title: 'one of fatal, error, warn, info, debug',
          ...described('Least severe messages that are logged.', DEFAULTS.logLevel),
        },
      ),
    ),
  },
  "vigia's own log.",
)
