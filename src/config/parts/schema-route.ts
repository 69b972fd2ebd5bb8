// The part of the schema that describes routes and the deadlines that they may override.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { accessSchema, rateLimitSchema } from './schema-access.ts'
import { integrationSchema } from './schema-maintenance.ts'
import { queuePrioritySchema } from './schema-overload.ts'
import { boolean, duration, name, oneOrMore, section, size, text } from './schema-parts.ts'
import { routeRetrySchema } from './schema-retry.ts'

const { timeouts } = DEFAULTS

/** Deadlines that a route may override. */
export const timeoutKeys = {
  connect: Type.Optional(
    duration('Duration. To establish a connection to an upstream, TLS included.', timeouts.connect, 'no limit'),
  ),
  response: Type.Optional(
    duration(
      "Duration. From the end of the sent request to the first byte of the upstream's answer; long reports need long ones.",
      timeouts.response,
      'no limit',
    ),
  ),
  idle: Type.Optional(
    duration(
      'Duration. Between two movements of body bytes, in either direction; also of an upgraded connection once one side has finished sending.',
      timeouts.idle,
      'no limit',
    ),
  ),
  tunnel: Type.Optional(
    duration(
      'Duration. Between two movements of bytes in an upgraded connection (WebSocket).',
      timeouts.tunnel,
      'no limit',
    ),
  ),
  keepAlive: Type.Optional(
    duration(
      "Duration. How long a client's connection may stay idle between two requests.",
      timeouts.keepAlive,
      'no limit',
    ),
  ),
  halfClosed: Type.Optional(
    duration(
      'Duration. How long a client that closed its sending side still gets its answer before it counts as gone.',
      timeouts.halfClosed,
      'no limit',
    ),
  ),
}

export const routeSchema = section(
  {
    name: Type.Optional(
      name('Name of the route in logs and metrics; unique. Default: its position, such as routes[2].'),
    ),
    match: Type.Optional(
      section(
        {
          listener: Type.Optional(
            oneOrMore(
              text('the name of a listener', 'Name of a listener.'),
              'the name of a listener, or a list of them',
              'Only requests of these listeners. Default: every listener.',
            ),
          ),
          host: Type.Optional(
            oneOrMore(
              text('a host name such as erp.example.com or *.example.com', 'Host name without port.'),
              'a host name such as erp.example.com or *.example.com, or a list of them',
              'Only requests for these hosts, port aside; *.example.com is any name below it. Default: every host.',
            ),
          ),
          path: Type.Optional(
            text(
              'a path that begins with /',
              'Only paths that begin with these whole segments: /web matches /web and /web/x, not /website.',
              '/',
            ),
          ),
          method: Type.Optional(
            oneOrMore(
              Type.String({
                pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
                title: 'a method such as GET',
                description: 'A request method.',
              }),
              'a method such as GET, or a list of them',
              'Only these request methods. Default: every method.',
            ),
          ),
        },
        'Which requests the route takes; all conditions must hold. Default: every request.',
      ),
    ),
    pool: text('the name of a pool', 'Pool that serves the route.'),
    timeouts: Type.Optional(
      section(timeoutKeys, 'Deadlines of this route; what is not given here is taken from the top-level `timeouts`.'),
    ),
    retry: Type.Optional(routeRetrySchema),
    maxBody: Type.Optional(
      size('Size. Largest request body; a larger one is answered 413. Default: `limits.body`.', undefined, 'no limit'),
    ),
    longPoll: Type.Optional(
      boolean(
        'Declares that the answers are held open on purpose (long polls, event streams). Effect: its requests do not count as in flight nor in latencies, take no place of `maxConnections` and never wait in the queue.',
        DEFAULTS.longPoll,
      ),
    ),
    queuePriority: Type.Optional(queuePrioritySchema),
    integration: Type.Optional(integrationSchema),
    access: Type.Optional(accessSchema),
    rateLimit: Type.Optional(rateLimitSchema),
  },
  'One routing rule. The first that matches wins.',
)
