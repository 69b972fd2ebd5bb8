// What is buffered of bodies: on a route, on the routes of a pool, and how much in all.

import { dirname } from 'node:path'
import Type, { type Static } from 'typebox'
import type { BodyBufferPlan, BufferMode, BuffersPlan, RouteBufferPlan } from '../../plan/buffering.ts'
import { type Around, givenAt, inherited, type LongForms, type Otherwises, type StandIn } from '../forms/otherwise.ts'
import { error, type Finding, type Path, warning } from '../forms/problem.ts'
import { described, section, size, text } from '../forms/schema-blocks.ts'
import { formatSize, parseSize } from '../forms/units.ts'

const DEFAULTS = {
  mode: 'auto',
  request: { memory: '64KiB', max: '2GiB' },
  response: { memory: '1MiB', max: '1GiB' },
  disk: '2GiB',
  keepFree: '1GiB',
} as const
/** One body should not take the memory of all others. */
const MOST_MEMORY = 64 * 1024 ** 2

const mode = Type.Union([Type.Literal('auto'), Type.Literal('on'), Type.Literal('off')], {
  title: '"auto", "on" or "off"',
})

function sizes(direction: 'request' | 'response') {
  return section(
    {
      memory: Type.Optional(
        size(
          'Size, up to 64MiB. So much of one body stays in memory; the rest goes to a file, which no name leads to and nobody else can open.',
          DEFAULTS[direction].memory,
          'all of it goes to a file',
        ),
      ),
      max: Type.Optional(
        size(
          direction === 'request'
            ? 'Size. A longer body is streamed from there on: its upstream is chosen then, and gets what was gathered first.'
            : 'Size. Of a longer answer the rest waits in its upstream until the client has taken some.',
          DEFAULTS[direction].max,
        ),
      ),
    },
    'On, with these sizes.',
    { title: 'a mapping with `memory` and `max`' },
  )
}

function direction(of: 'request' | 'response', effect: string) {
  return Type.Optional(
    Type.Union([mode, sizes(of)], {
      title: '"auto", "on", "off", or a mapping with `memory` and `max`',
      ...described(effect, DEFAULTS.mode),
    }),
  )
}

export const bufferSchema = Type.Union(
  [
    mode,
    section(
      {
        request: direction(
          'request',
          'Whether the body of a request is gathered before an upstream is chosen. Effect: a slow upload holds nothing of an upstream, is sent to it in one go with its Content-Length, and can be sent again where its first upstream fails. Never upgrades, long polls, gRPC.',
        ),
        response: direction(
          'response',
          'Whether an answer is taken off its upstream as fast as it gives it, where the client is slower. Effect: the upstream is free for others as soon as it has said all. The client gets each byte as soon as it takes it: nothing is held back. Never long polls, event streams, and what says X-Accel-Buffering: no.',
        ),
      },
      'What is buffered in each direction.',
      { title: 'a mapping with `request` and `response`' },
    ),
  ],
  {
    title: '"auto", "on", "off", or a mapping with `request` and `response`',
    ...described(
      'Keeps slow clients from holding the workers of an upstream. auto = where one is known to hold a worker for each connection: by the `application` of its pool, by its Server field (gunicorn, Werkzeug, Apache), or by what its connections do (uWSGI, unicorn, PHP: they end with their first answer). Starman shows none of that before idle connections have kept new ones waiting: say on. What a route says goes before what its pool says.',
      DEFAULTS.mode,
    ),
  },
)

export const buffersSchema = section(
  {
    directory: Type.Optional(
      text(
        'a folder',
        'Folder for the files of buffers, relative to the configuration file; each is unlinked as soon as it is made. It should not be in memory (tmpfs). Default: the folder of the `store`, else that of the system for temporary files.',
      ),
    ),
    memory: Type.Optional(
      size(
        'Size. Memory for the buffers of all workers. Where it is full, bodies go to files at once. Default: a quarter of `limits.memory`.',
        undefined,
      ),
    ),
    disk: Type.Optional(
      size(
        'Size. Of the files of all buffers. Where it is full, bodies are streamed as without a buffer, and metrics and the log say so.',
        DEFAULTS.disk,
        'no files: bodies are buffered in memory only',
      ),
    ),
    keepFree: Type.Optional(
      size('Size. Space in the file system that buffers leave free for others.', DEFAULTS.keepFree, 'they may fill it'),
    ),
  },
  'What buffers of bodies (`buffer` of routes and pools) may take in all. Read at the start only.',
)

type BufferDocument = Static<typeof bufferSchema>
type BuffersDocument = Static<typeof buffersSchema>
type DirectionDocument = Exclude<BufferDocument, string>['request']

interface BufferedRoute {
  readonly pool: string
  readonly longPoll?: boolean
  readonly buffer?: BufferDocument
}

export function* checkBuffers(
  routes: readonly BufferedRoute[],
  pools: Readonly<Record<string, { readonly buffer?: BufferDocument }>>,
): Iterable<Finding> {
  for (const [name, { buffer }] of Object.entries(pools)) yield* checkBuffer(buffer, ['pools', name, 'buffer'])
  for (const [i, { buffer, longPoll }] of routes.entries()) {
    const at = ['routes', i, 'buffer']
    yield* checkBuffer(buffer, at)
    if (longPoll === true && isOn(buffer)) yield warning(at, 'has no effect: nothing of a long poll is buffered', 'key')
  }
}

function* checkBuffer(buffer: BufferDocument | undefined, at: Path): Iterable<Finding> {
  if (buffer === undefined || typeof buffer === 'string') return
  for (const direction of ['request', 'response'] as const) {
    const given = buffer[direction]
    if (given === undefined || typeof given === 'string') continue
    const { memoryBytes, maxBytes } = compileDirection(given, 'auto', direction)
    if (memoryBytes > MOST_MEMORY)
      yield error(
        [...at, direction, 'memory'],
        `is ${formatSize(memoryBytes)}, expected at most ${formatSize(MOST_MEMORY)}: what is beyond goes to a file`,
      )
    else if (memoryBytes > maxBytes)
      yield error(
        [...at, direction, given.max === undefined ? 'memory' : 'max'],
        `${formatSize(memoryBytes)} in memory are more than ${formatSize(maxBytes)} in all: lower memory, or raise max`,
      )
  }
}

function isOn(buffer: BufferDocument | undefined): boolean {
  if (buffer === undefined || typeof buffer === 'string') return buffer === 'on'
  return [buffer.request, buffer.response].some(each => typeof each === 'object' || each === 'on')
}

/** @param pool what the pool of the route says */
/** Where neither says anything. */
const UNSAID: RouteBufferPlan = compileBuffer({}, undefined)

export function compileBuffer(route: BufferDocument | undefined, pool: BufferDocument | undefined): RouteBufferPlan {
  if (route === undefined && pool === undefined) return UNSAID
  return { request: directionOf(route, pool, 'request'), response: directionOf(route, pool, 'response') }
}

function directionOf(
  route: BufferDocument | undefined,
  pool: BufferDocument | undefined,
  direction: 'request' | 'response',
): BodyBufferPlan {
  const [said, otherwise] = [route, pool].map(each => (typeof each === 'object' ? each[direction] : each))
  return compileDirection(said ?? otherwise, DEFAULTS.mode, direction)
}

function compileDirection(
  given: DirectionDocument | BufferMode,
  otherwise: BufferMode,
  direction: 'request' | 'response',
): BodyBufferPlan {
  const { memory, max } = { ...DEFAULTS[direction], ...(typeof given === 'object' ? given : {}) }
  return {
    mode: typeof given === 'object' ? 'on' : (given ?? otherwise),
    memoryBytes: parseSize(memory)!,
    maxBytes: parseSize(max)!,
  }
}

/** @param storePath of the store, absolute; undefined = there is none */
export function compileBuffers(
  buffers: BuffersDocument | undefined,
  storePath: string | undefined,
  resolvePath: (path: string) => string,
): BuffersPlan {
  const { directory, memory, disk = DEFAULTS.disk, keepFree = DEFAULTS.keepFree } = buffers ?? {}
  return {
    directory: directory === undefined ? storePath && dirname(storePath) : resolvePath(directory),
    memoryBytes: memory === undefined ? undefined : parseSize(memory)!,
    diskBytes: parseSize(disk)!,
    keepFreeBytes: parseSize(keepFree)!,
  }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_BUFFER = { 'buffer.request.mode': 'buffer.request', 'buffer.response.mode': 'buffer.response' }

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_BUFFER: Otherwises = {
  'routes[].buffer': around => ofPool(around, ['buffer']),
  'routes[].buffer.request': around => ofPool(around, ['buffer', 'request']),
  'routes[].buffer.response': around => ofPool(around, ['buffer', 'response']),
}

export const LONG_FORMS_OF_BUFFER: LongForms = {
  ...Object.fromEntries(
    ['routes[].buffer', 'pools.*.buffer'].flatMap(at => [
      [at, (short: unknown) => ({ request: short, response: short })],
      ...['request', 'response'].map(way => [`${at}.${way}`, (short: unknown) => (short === 'on' ? {} : undefined)]),
    ]),
  ),
}

function ofPool(around: Around, keys: readonly string[]): StandIn | undefined {
  const [list, route] = around.at
  const pool = givenAt(around, [list!, route!, 'pool'])
  return inherited(around, ['pools', String(pool), ...keys])
}
