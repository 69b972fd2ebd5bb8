// What the kernel's settings mean for vigia. Pure: /proc comes as an argument.

import { type Finding, found, ok, type ReadText } from './finding.ts'

/** What Node asks for with each listen. */
const BACKLOG = 511
/** Of the conntrack table, and of other tables of fixed size. */
const NEARLY_FULL = 0.8
const FEW_PORTS = 20_000

/** @param workers that listen @param pools pools with upstreams elsewhere */
export function kernelFindings(read: ReadText, workers: number): Finding[] {
  return [
    ...somaxconn(read),
    ...migration(read, workers),
    ...overflows(read),
    ...ports(read),
    ...conntrack(read),
    ...switches(read),
  ]
}

function somaxconn(read: ReadText): Finding[] {
  const most = numberIn(read, 'net/core/somaxconn')
  if (most === undefined) return []
  const what = `net.core.somaxconn is ${most}: so many connections wait until a worker takes them`
  if (most >= BACKLOG) return [ok('somaxconn', what)]
  return [found('warning', 'somaxconn', what, sysctl('net.core.somaxconn', '4096'))]
}

/** A listener that closes while its event loop is busy: its waiting connections go to another worker, or are reset. */
function migration(read: ReadText, workers: number): Finding[] {
  const isOn = numberIn(read, 'net/ipv4/tcp_migrate_req')
  const name = 'tcp_migrate_req'
  if (isOn === undefined)
    return [
      found(
        'note',
        name,
        'this kernel has no net.ipv4.tcp_migrate_req (Linux 5.14): a worker that ends resets what waits for it',
        'use a newer kernel where that matters',
      ),
    ]
  if (isOn === 1 || workers < 2) return [ok(name, `net.ipv4.tcp_migrate_req is ${isOn}`)]
  const what = 'net.ipv4.tcp_migrate_req is 0: connections that wait for a worker which ends are reset'
  return [found('warning', name, what, sysctl('net.ipv4.tcp_migrate_req', '1'))]
}

function overflows(read: ReadText): Finding[] {
  const table = read('/proc/net/netstat')?.split('\n') ?? []
  const at = table.findIndex(line => line.startsWith('TcpExt:'))
  const names = table[at]?.split(' ') ?? []
  const values = table[at + 1]?.split(' ') ?? []
  const dropped = Number(values[names.indexOf('ListenOverflows')] ?? Number.NaN)
  if (Number.isNaN(dropped)) return []
  if (dropped === 0) return [ok('accept queue', 'no connection has found a full accept queue since the boot')]
  const what = `${dropped} connections have found a full accept queue since the boot (of whatever program)`
  return [
    found(
      'note',
      'accept queue',
      what,
      'if it grows: nstat -az TcpExtListenOverflows; more workers, or a higher net.core.somaxconn',
    ),
  ]
}

/** Each connection to one address and port of an upstream has a port of its own. */
function ports(read: ReadText): Finding[] {
  const [first, last] = (read('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/).map(Number)
  if (first === undefined || last === undefined || Number.isNaN(last)) return []
  const count = last - first + 1
  const what = `${count} local ports (net.ipv4.ip_local_port_range): so many connections to one upstream at once`
  if (count >= FEW_PORTS) return [ok('local ports', what)]
  return [found('warning', 'local ports', what, sysctl('net.ipv4.ip_local_port_range', '"15000 65000"'))]
}

function conntrack(read: ReadText): Finding[] {
  const count = numberIn(read, 'net/netfilter/nf_conntrack_count')
  const most = numberIn(read, 'net/netfilter/nf_conntrack_max')
  if (count === undefined || most === undefined || most === 0) return []
  const what = `the firewall remembers ${count} of at most ${most} connections (nf_conntrack)`
  if (count < NEARLY_FULL * most) return [ok('conntrack', what)]
  return [
    found(
      'error',
      'conntrack',
      `${what}: new ones are dropped once it is full`,
      sysctl('net.netfilter.nf_conntrack_max', String(most * 4)),
    ),
  ]
}

function switches(read: ReadText): Finding[] {
  const findings: Finding[] = []
  if (numberIn(read, 'net/ipv4/tcp_abort_on_overflow') === 1)
    findings.push(
      found(
        'warning',
        'tcp_abort_on_overflow',
        'a full accept queue resets connections instead of letting clients try again',
        sysctl('net.ipv4.tcp_abort_on_overflow', '0'),
      ),
    )
  if (numberIn(read, 'net/ipv4/tcp_syncookies') === 0)
    findings.push(
      found(
        'warning',
        'tcp_syncookies',
        'a flood of SYN packets keeps everybody out',
        sysctl('net.ipv4.tcp_syncookies', '1'),
      ),
    )
  return findings
}

/** As the Debian package does it. */
function sysctl(name: string, value: string): string {
  return `sysctl -w ${name}=${value}, and the same line in /etc/sysctl.d/60-vigia.conf for the next boot`
}

function numberIn(read: ReadText, name: string): number | undefined {
  const text = read(`/proc/sys/${name}`)?.trim()
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
}
