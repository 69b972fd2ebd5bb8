// What packages bring beside the program fits it, and fits together.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../../src/config/read/load.ts'
import type { Snapshot } from '../../../src/plan/snapshot.ts'

const PACKAGING = resolve(import.meta.dirname, '../../../packaging')
const textOf = (file: string) => readFileSync(join(PACKAGING, file), 'utf8')
const { version } = JSON.parse(readFileSync(join(PACKAGING, '../package.json'), 'utf8'))

function snapshotOf(file: string): Snapshot {
  const loaded = loadConfig(join(PACKAGING, file), {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.snapshot
}

test('the configuration of the Debian package listens where vigia.socket does', () => {
  const { listeners } = snapshotOf('deb/vigia.yaml')
  const streams = [...textOf('systemd/vigia.socket').matchAll(/^ListenStream=(.+)$/gm)].map(match => match[1])
  expect(streams).toEqual(listeners.map(({ host, port }) => `${host}:${port}`))
})

test('systemd waits longer than vigia does for itself', () => {
  const { watchdog, shutdownMs } = snapshotOf('deb/vigia.yaml')
  const unit = textOf('systemd/vigia.service')
  for (const key of ['WatchdogSec', 'TimeoutStopSec']) {
    const seconds = Number(new RegExp(`^${key}=(\\d+)s$`, 'm').exec(unit)?.[1])
    expect(seconds * 1000).toBeGreaterThan(watchdog.controlMs + shutdownMs)
  }
})

test('compose and Kubernetes give vigia a configuration that it takes, and the time that it needs to stop', () => {
  const compose = parse(textOf('container/compose.yaml'), { merge: true })
  const { listeners, shutdownMs } = snapshotOf('container/vigia/vigia.yaml')
  expect(compose.services.vigia.ports).toEqual([`8080:${listeners[0]!.port}`])
  expect(Number.parseInt(compose.services.vigia.stop_grace_period, 10) * 1000).toBeGreaterThan(shutdownMs)
  const values = parse(textOf('kubernetes/chart/values.yaml'))
  expect(values.terminationGracePeriodSeconds * 1000).toBeGreaterThan(shutdownMs)
  const manifests = parseAllDocuments(textOf('kubernetes/vigia.yaml')).map(document => document.toJS())
  expect(manifests.find(({ kind }) => kind === 'ConfigMap').data['vigia.yaml']).toContain('listeners:')
})

test('all of them are of this version', () => {
  const chart = parse(textOf('kubernetes/chart/Chart.yaml'))
  const images = [
    parse(textOf('container/compose.yaml')).services.vigia.image,
    parse(textOf('kubernetes/chart/values.yaml')).image,
    /image: "(.+)"/.exec(textOf('kubernetes/vigia.yaml'))?.[1],
  ]
  expect([chart.version, chart.appVersion]).toEqual([version, version])
  expect(images).toEqual(images.map(() => `vigia:${version}`))
})
