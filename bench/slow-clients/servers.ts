// Servers that hold one of four workers for as long as a client takes: `/report` has many MiB, `/` is a click, uploads are read.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../harness/process.ts'

/** The same application in Python and in Perl. */
const wsgi = (megabytes: number) => `
MIB = b'x' * 65536
def application(environ, start_response):
    if environ['REQUEST_METHOD'] == 'POST':
        left = int(environ.get('CONTENT_LENGTH') or 0)
        while left > 0:
            got = environ['wsgi.input'].read(min(left, 65536))
            if not got: break
            left -= len(got)
    if environ['PATH_INFO'] == '/report':
        start_response('200 OK', [('Content-Type', 'text/csv'), ('Content-Length', str(${megabytes} * 1048576))])
        return (MIB for _ in range(${megabytes} * 16))
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '5')])
    return [b'click']
`
const psgi = (megabytes: number) => `
my $piece = 'x' x 65536;
sub {
  my $env = shift;
  if ($env->{REQUEST_METHOD} eq 'POST') { my $b; while ($env->{'psgi.input'}->read($b, 65536)) {} }
  return [200, ['Content-Type' => 'text/plain', 'Content-Length' => 5], ['click']] unless $env->{PATH_INFO} eq '/report';
  return sub {
    my $w = shift->([200, ['Content-Type' => 'text/csv', 'Content-Length' => ${megabytes} * 1048576]]);
    $w->write($piece) for 1 .. ${megabytes} * 16;
    $w->close;
  };
}
`

export interface Server {
  readonly name: string
  /** What vigia has to be told of it. */
  readonly buffer: 'auto' | 'on'
  /** What it needs is written into the folder. */
  command(port: number, folder: string, megabytes: number): readonly string[]
}

export const servers: readonly Server[] = [
  {
    name: 'gunicorn',
    buffer: 'auto',
    command(port, folder, megabytes) {
      writeFileSync(join(folder, 'app.py'), wsgi(megabytes))
      return ['gunicorn', '-w', '4', '-t', '600', '-b', `127.0.0.1:${port}`, '--chdir', folder, 'app']
    },
  },
  {
    name: 'uwsgi',
    buffer: 'auto',
    command(port, folder, megabytes) {
      writeFileSync(join(folder, 'app.py'), wsgi(megabytes))
      const what = ['--plugins', 'python3', '--wsgi-file', join(folder, 'app.py'), '--die-on-term']
      return ['uwsgi', '--http-socket', `127.0.0.1:${port}`, '--master', '--processes', '4', ...what]
    },
  },
  {
    name: 'starman',
    buffer: 'on',
    command(port, folder, megabytes) {
      writeFileSync(join(folder, 'app.psgi'), psgi(megabytes))
      return ['starman', '--workers', '4', '--listen', `127.0.0.1:${port}`, join(folder, 'app.psgi')]
    },
  },
  {
    name: 'node',
    buffer: 'auto',
    command: (port, _, megabytes) => [
      process.execPath,
      fileURLToPath(new URL('four-workers.ts', import.meta.url)),
      String(port),
      String(megabytes),
    ],
  },
]

/** gunicorn where it is installed. */
export function usualServer(): Server {
  const name = findProgram('gunicorn') === undefined ? 'node' : 'gunicorn'
  return servers.find(each => each.name === name)!
}
