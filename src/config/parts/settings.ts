// The single keys of the whole: include, workers, watch, trusted proxies, headers, language, shutdown.

import Type, { type Static } from 'typebox'
import type { Snapshot } from '../../plan/snapshot.ts'
import { MAX_WORKERS } from '../../shared/counter-cells.ts'
import { TOKEN } from '../forms/http.ts'
import type { Finding } from '../forms/problem.ts'
import { checkRanges, range } from '../forms/ranges.ts'
import { boolean, described, duration, section } from '../forms/schema-blocks.ts'
import { parseDuration } from '../forms/units.ts'

const DEFAULTS = { workers: 'auto', watch: true, via: false, language: 'en', shutdown: '30s' } as const

export const workersSchema = Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: MAX_WORKERS })], {
  title: `"auto" or a whole number from 1 to ${MAX_WORKERS}`,
  ...described(
    'Number of worker threads that carry the traffic; auto = one per core. One in any case where the system does not let several sockets share a port (macOS, Windows).',
    DEFAULTS.workers,
  ),
})

export const watchSchema = boolean(
  'Apply changes of this file, and of the files that it includes or names, as soon as they are there. false = only on SIGHUP and `vigia reload`.',
  DEFAULTS.watch,
)

export const includeSchema = Type.Array(
  Type.String({ minLength: 1, maxLength: 4096, title: 'the path of a file, such as conf.d/*.yaml' }),
  {
    maxItems: 100,
    title: 'a list of files, such as [conf.d/*.yaml]',
    description:
      'Files that belong to this configuration: paths, or patterns with * and ? in the name of the file (not in its folder), from the folder of the file that says so. What a pattern matches counts sorted by name, hidden files left out; it may match none, a path must be there. Lists (`routes`, `listeners`, ...) are appended: first the entries of this file, then those of the included ones, in their order; mappings (`pools`, `timeouts`, ...) are joined key by key. What is said twice is an error: no file overrides another. Paths of other files (certificates, ...) count from the folder of the configuration file, wherever they are named. Included files may include others, 4 deep; at most 1000 files, 1 MiB together. Default: none.',
  },
)

export const trustedProxiesSchema = Type.Array(range(), {
  title: 'a list of addresses or ranges such as 10.0.0.0/8',
  description:
    "Proxies in front of vigia whose X-Forwarded-* headers are believed; of a list in X-Forwarded-Proto the first is the client's. Default: none.",
})

export const headersSchema = section(
  {
    via: Type.Optional(
      Type.Union([Type.String({ pattern: `^${TOKEN}$` }), Type.Literal(false)], {
        title: 'a name without spaces, or false',
        ...described(
          'Name that vigia puts into Via of what it sends to upstreams (RFC 9110 7.6.3), for those that look for it. Effect: nginx (`gzip_proxied off`, its default) and IIS (`noCompressionForProxies`) send uncompressed what was asked for with Via. false = none.',
          DEFAULTS.via,
        ),
      }),
    ),
  },
  'Headers that vigia adds.',
)

export const languageSchema = Type.Union(
  [Type.Literal('en'), Type.Literal('pt'), Type.Literal('es'), Type.Literal('it'), Type.Literal('de')],
  {
    title: 'one of en, pt, es, it, de',
    ...described(
      "Language of vigia's own pages where a client accepts none of those that there are.",
      DEFAULTS.language,
    ),
  },
)

export const shutdownSchema = duration(
  'Duration. How long a shutdown waits for what is in flight. Effect: after it a request without an answer is answered 502 `in-doubt`, or 503 where it may be repeated, and clients get up to 1 s to read that; an answer that has begun is cut.',
  DEFAULTS.shutdown,
  'does not wait',
)

interface SettingsDocument {
  readonly workers?: Static<typeof workersSchema>
  readonly watch?: Static<typeof watchSchema>
  readonly trustedProxies?: Static<typeof trustedProxiesSchema>
  readonly headers?: Static<typeof headersSchema>
  readonly language?: Static<typeof languageSchema>
  readonly shutdown?: Static<typeof shutdownSchema>
}

type SettingsPlan = Required<
  Pick<Snapshot, 'workers' | 'watch' | 'trustedProxies' | 'headers' | 'language' | 'shutdownMs'>
>

export function* checkSettings({ trustedProxies = [] }: SettingsDocument): Iterable<Finding> {
  yield* checkRanges(trustedProxies, ['trustedProxies'], 'trusts everyone: any client can then claim any address')
}

/** @param cores what `workers: auto` stands for */
export function compileSettings(document: SettingsDocument, cores: number): SettingsPlan {
  const { workers, watch, trustedProxies, headers, language, shutdown } = { ...DEFAULTS, ...document }
  const { via = DEFAULTS.via } = headers ?? {}
  return {
    workers: workers === 'auto' ? Math.min(Math.max(1, cores), MAX_WORKERS) : workers,
    watch,
    trustedProxies: trustedProxies ?? [],
    headers: { via: via === false ? undefined : via },
    language,
    shutdownMs: parseDuration(shutdown)!,
  }
}
