// vigia, nginx and HAProxy in front of one server, with one worker or thread each.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Server } from './servers.ts'

/** All on 127.0.0.1. */
export interface Ports {
  readonly port: number
  readonly upstream: number
  readonly admin: number
}

export interface SlowPeer {
  readonly name: string
  /** What it needs is written into the folder. */
  command(ports: Ports, folder: string, server: Server): readonly string[]
}

export const proxies: readonly SlowPeer[] = [
  {
    name: 'vigia',
    command({ port, upstream, admin }, folder, { buffer }) {
      const plan = {
        workers: 1,
        listeners: [{ name: 'web', address: `127.0.0.1:${port}` }],
        admin: { address: `127.0.0.1:${admin}` },
        buffers: { directory: folder, disk: '6GiB', keepFree: 0 },
        timeouts: { idle: '10m', response: '10m' },
        routes: [{ pool: 'erp' }],
        pools: { erp: { health: 'off', buffer, upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream}` }] } },
      }
      writeFileSync(join(folder, 'vigia.yaml'), JSON.stringify(plan))
      const program = fileURLToPath(new URL('../../bin/vigia.js', import.meta.url))
      return [process.execPath, program, 'run', '-c', join(folder, 'vigia.yaml')]
    },
  },
  {
    name: 'nginx',
    command({ port, upstream }, folder) {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        each => `${each}_temp_path ${folder}/nginx-${each};`,
      )
      writeFileSync(
        join(folder, 'nginx.conf'),
        `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; events {}
http { access_log off; ${temporary.join(' ')} client_max_body_size 2g;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_read_timeout 600s; } } }`,
      )
      return ['nginx', '-c', join(folder, 'nginx.conf')]
    },
  },
  {
    name: 'haproxy',
    command({ port, upstream }, folder) {
      writeFileSync(
        join(folder, 'haproxy.cfg'),
        `global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 600s\n  timeout server 600s\nfrontend web\n  bind 127.0.0.1:${port}\n  default_backend erp\nbackend erp\n  server erp-1 127.0.0.1:${upstream}\n`,
      )
      return ['haproxy', '-f', join(folder, 'haproxy.cfg')]
    },
  },
]
