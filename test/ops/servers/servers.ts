// The servers of the rig, as data: what Debian has to bring, how each is started, how it is told to reload. Every one recycles its workers
// or its connections after a few requests, where it can, and serves two requests at once, or four.

import { fileURLToPath } from 'node:url'

export interface Place {
  readonly port: number
  /** A second free port. */
  readonly behind: number
  /** Of its own, for what it writes. */
  readonly folder: string
}

export interface Server {
  readonly name: string
  /** Debian packages. */
  readonly packages: readonly string[]
  readonly command: (at: Place) => readonly string[]
  readonly env?: (at: Place) => NodeJS.ProcessEnv
  /** Files of its folder, each from the template of that name in apps/. */
  readonly files?: Readonly<Record<string, string>>
  /** Files of the system that its folder needs a copy of. */
  readonly copies?: Readonly<Record<string, string>>
  /** Keys of the pool that vigia's manual gives for it. */
  readonly pool?: Readonly<Record<string, unknown>>
  /** Cases that say nothing of it. */
  readonly lacks?: readonly string[]
  /** Reloads it without loss, says its manual. */
  readonly reload?: NodeJS.Signals
}

export const APPS = fileURLToPath(new URL('./apps', import.meta.url))
const app = (name: string) => `${APPS}/${name}`
const python = '/usr/bin/python3'

/** Of a body that says no length its application finds nothing, or raw chunks. */
const TAKES_NO_CHUNKS = { requestBody: 'length' }

const gunicorn = (name: string, ...more: string[]): Server => ({
  name,
  packages: ['gunicorn'],
  command: ({ port }) => [
    ...['gunicorn', '--bind', `127.0.0.1:${port}`, '--chdir', APPS, '--max-requests', '40', '--log-level', 'critical'],
    ...[...more, 'wsgi:application'],
  ],
  reload: 'SIGHUP',
})

const uwsgi = (name: string, socket: string): Server => ({
  name,
  packages: ['uwsgi-core', 'uwsgi-plugin-python3'],
  command: ({ port }) => [
    ...[
      'uwsgi-core',
      '--plugins',
      'python3,http',
      socket,
      `127.0.0.1:${port}`,
      '--chdir',
      APPS,
      '--wsgi',
      'wsgi:application',
    ],
    ...['--master', '--die-on-term', '--processes', '2', '--buffer-size', '16384', '--disable-logging'],
    ...['--max-requests', '40'],
  ],
  pool: TAKES_NO_CHUNKS,
  reload: 'SIGHUP',
})

const run = (name: string, source: string) => (port: number) => [
  python,
  '-c',
  `import sys; sys.path.insert(0, '${APPS}'); import wsgi\n${source.replace('PORT', String(port))}`,
  name,
]
const werkzeug = run(
  'werkzeug',
  "from werkzeug.serving import run_simple; run_simple('127.0.0.1', PORT, wsgi.application, threaded=True)",
)
const cheroot = run(
  'cheroot',
  "from cheroot.wsgi import Server; Server(('127.0.0.1', PORT), wsgi.application, numthreads=4).start()",
)
const waitress = run(
  'waitress',
  "from waitress import serve; serve(wsgi.application, host='127.0.0.1', port=PORT, threads=4)",
)

export const SERVERS: readonly Server[] = [
  gunicorn('gunicorn-sync', '--workers', '2'),
  gunicorn('gunicorn-gthread', '--workers', '1', '--worker-class', 'gthread', '--threads', '4'),
  uwsgi('uwsgi-http', '--http'),
  uwsgi('uwsgi-http-socket', '--http-socket'),
  uwsgi('uwsgi-http11-socket', '--http11-socket'),
  { name: 'werkzeug', packages: ['python3-werkzeug'], command: ({ port }) => werkzeug(port) },
  { name: 'cheroot', packages: ['python3-cheroot'], command: ({ port }) => cheroot(port) },
  { name: 'waitress', packages: ['python3-waitress'], command: ({ port }) => waitress(port) },
  {
    name: 'hypercorn',
    packages: ['python3-hypercorn'],
    command: ({ port }) => [python, '-m', 'hypercorn', '--bind', `127.0.0.1:${port}`, 'asgi:application'],
    env: () => ({ PYTHONPATH: APPS }),
  },
  {
    name: 'uvicorn',
    packages: ['python3-uvicorn'],
    command: ({ port }) => [
      ...[python, '-m', 'uvicorn', '--host', '127.0.0.1', '--port', `${port}`, '--log-level', 'critical'],
      ...['--app-dir', APPS, 'asgi:application'],
    ],
  },
  {
    name: 'tornado',
    packages: ['python3-tornado'],
    command: ({ port }) => [python, app('tornado_app.py'), `${port}`],
  },
  {
    name: 'twisted',
    packages: ['python3-twisted'],
    command: ({ port }) => [
      ...[python, '-m', 'twisted', 'web', '--wsgi', 'wsgi.application'],
      ...['--listen', `tcp:${port}:interface=127.0.0.1`],
    ],
    env: () => ({ PYTHONPATH: APPS }),
    pool: TAKES_NO_CHUNKS,
  },
  {
    name: 'puma',
    packages: ['puma', 'ruby-rack'],
    command: ({ port }) => [
      ...['puma', '--bind', `tcp://127.0.0.1:${port}`, '--workers', '2', '--threads', '2:2', '--quiet'],
      app('config.ru'),
    ],
    reload: 'SIGUSR1',
  },
  {
    name: 'unicorn',
    packages: ['unicorn', 'ruby-rack'],
    command: ({ port }) => [
      ...['unicorn', '--listen', `127.0.0.1:${port}`, '--config-file', app('unicorn.rb'), '--env', 'production'],
      app('config.ru'),
    ],
    reload: 'SIGHUP',
  },
  {
    name: 'thin',
    packages: ['thin', 'ruby-rack'],
    command: ({ port }) => [
      ...['thin', '--address', '127.0.0.1', '--port', `${port}`, '--rackup', app('config.ru')],
      ...['--environment', 'production', '--quiet', 'start'],
    ],
    pool: TAKES_NO_CHUNKS,
  },
  {
    name: 'starman',
    packages: ['starman'],
    command: ({ port }) => [
      ...['starman', '--listen', `127.0.0.1:${port}`, '--workers', '2', '--max-requests', '40'],
      ...['--disable-proctitle', app('app.psgi')],
    ],
    reload: 'SIGHUP',
  },
  {
    name: 'php',
    packages: ['php-cli'],
    command: ({ port }) => ['php', '-q', '-S', `127.0.0.1:${port}`, app('index.php')],
    env: () => ({ PHP_CLI_SERVER_WORKERS: '2' }),
  },
  {
    name: 'tomcat',
    packages: ['tomcat10'],
    command: () => ['/usr/share/tomcat10/bin/catalina.sh', 'run'],
    env: ({ folder }) => ({ CATALINA_BASE: folder, CATALINA_HOME: '/usr/share/tomcat10' }),
    files: {
      'conf/server.xml': 'server.xml',
      'webapps/ROOT/index.jsp': 'index.jsp',
      'webapps/ROOT/WEB-INF/web.xml': 'web.xml',
    },
    copies: { 'conf/web.xml': '/etc/tomcat10/web.xml' },
  },
  {
    name: 'nginx',
    packages: ['nginx-light'],
    command: ({ behind, folder }) => [
      ...['sh', '-c', '"$0" "$1" "$2" & exec nginx -e stderr -c "$3"'],
      ...[process.execPath, app('app.mjs'), `${behind}`, `${folder}/nginx.conf`],
    ],
    files: { 'nginx.conf': 'nginx.conf' },
    reload: 'SIGHUP',
  },
  {
    name: 'apache-prefork',
    packages: ['apache2-bin', 'libapache2-mod-wsgi-py3'],
    command: ({ folder }) => ['apache2', '-f', `${folder}/apache.conf`, '-DFOREGROUND'],
    files: { 'apache.conf': 'apache.conf' },
    reload: 'SIGUSR1',
  },
  { name: 'node', packages: [], command: ({ port }) => [process.execPath, app('app.mjs'), `${port}`] },
]
