// Which servers hold a worker for each connection, by what they say and do.

import { describe, expect, test } from 'vitest'
import { holdingByEndings, holdingByServer } from '../../../../src/policy/upstream/worker-holding.ts'

describe('by the Server field', () => {
  test.each([
    'gunicorn',
    'gunicorn/20.1.0',
    'Werkzeug/2.0.2 Python/3.10.6',
    'WSGIServer/0.2 CPython/3.11.2',
    'BaseHTTP/0.6 Python/3.11.2',
    'Starman/0.4016',
    'HTTP::Server::PSGI',
    'WEBrick/1.8.1 (Ruby/3.1.2)',
    'Apache/2.4.62 (Debian) mod_wsgi/4.9.4',
    'Apache',
    'Cheroot/9.0.0',
    'PHP/8.2',
  ])('%s does', server => expect(holdingByServer(server)).toBe('yes'))

  test.each([
    'nginx/1.22.1',
    'openresty',
    'waitress',
    'uvicorn',
    'hypercorn-h11',
    'TwistedWeb/22.4.0',
    'TornadoServer/6.2',
    'Python/3.11 aiohttp/3.8.4',
    'gevent/22.10',
    'Jetty(9.4.57)',
    'Microsoft-IIS/10.0',
    'cloudflare',
  ])('%s does not', server => expect(holdingByServer(server)).toBe('no'))

  test.each([undefined, '', 'ERP 9', 'Apache-Coyote/1.1', 'my gunicorn'])('%s tells nothing', server =>
    expect(holdingByServer(server)).toBe('unknown'),
  )
})

test('a server that ends one connection after the other with its first answer does, a few ends tell nothing', () => {
  expect(holdingByEndings(7)).toBe('unknown')
  expect(holdingByEndings(8)).toBe('yes')
})
