// The configuration document as a whole: joins the parts' schemas, checks and compilation. What a key means is said in its part.
// ajv validates against the schema, TypeScript infers from it, config/schema.json is generated from it.

import Type, { type Static } from 'typebox'
import type { Snapshot } from '../plan/snapshot.ts'
import type { NamedAuthorities } from './forms/authority-files.ts'
import type { NamedPair } from './forms/certificate-pair.ts'
import type { Contents, NamedFile } from './forms/named-file.ts'
import { oneForEqual } from './forms/one-for-equal.ts'
import type { Finding, Path } from './forms/problem.ts'
import { section } from './forms/schema-blocks.ts'
import { acmeFiles, acmeSchema, checkAcme, compileAcme, RENAMED_IN_ACME } from './parts/acme.ts'
import { adminFiles, adminPairs, adminSchema, checkAdmin, compileAdmin, grantedFolders } from './parts/admin.ts'
import {
  checkLimits,
  checkTimeouts,
  compileLimits,
  compileTimeouts,
  limitsSchema,
  timeoutsSchema,
} from './parts/bounds.ts'
import { buffersSchema, checkBuffers, compileBuffers, RENAMED_IN_BUFFER } from './parts/buffer.ts'
import { cacheSchema, checkCache, compileCache, RENAMED_IN_CACHE } from './parts/cache.ts'
import { RENAMED_IN_CLIENTS } from './parts/client-certificates.ts'
import { checkDns, compileDns, dnsSchema } from './parts/dns.ts'
import { compileHealthListener, healthListenerSchema } from './parts/health-listener.ts'
import {
  askingListeners,
  checkListeners,
  compileListeners,
  listenerAuthorities,
  listenerPairs,
  listenersSchema,
} from './parts/listener.ts'
import {
  accessLogSchema,
  checkAccessLog,
  compileAccessLog,
  compileLog,
  logSchema,
  RENAMED_IN_LOG,
} from './parts/log.ts'
import { checkLoops } from './parts/loops.ts'
import { checkMaintenance, type Horizon, maintenanceFiles, maintenanceSchema } from './parts/maintenance/maintenance.ts'
import { compileWindow, RENAMED_IN_WINDOW } from './parts/maintenance/window.ts'
import { checkPages, compilePages, pagesFiles, pagesSchema, RENAMED_IN_PAGES } from './parts/pages.ts'
import { checkPools, compilePool, poolFiles, poolsSchema, RENAMED_IN_POOL } from './parts/pool/pool.ts'
import { checkCompress, compressAllSchema } from './parts/route/compress.ts'
import { checkRoutes, compileRoute, RENAMED_IN_ROUTE, routeFiles, routesSchema } from './parts/route/route.ts'
import {
  checkSettings,
  compileSettings,
  headersSchema,
  includeSchema,
  languageSchema,
  shutdownSchema,
  trustedProxiesSchema,
  watchSchema,
  workersSchema,
} from './parts/settings.ts'
import { compileStore, storeSchema } from './parts/store.ts'
import { checkTls, compileTls, RENAMED_IN_TLS, tlsSchema } from './parts/tls.ts'
import { checkWatchdog, compileWatchdog, watchdogSchema } from './parts/watchdog.ts'

export const configSchema = section(
  {
    include: Type.Optional(includeSchema),
    workers: Type.Optional(workersSchema),
    watch: Type.Optional(watchSchema),
    listeners: listenersSchema,
    tls: Type.Optional(tlsSchema),
    routes: routesSchema,
    pools: poolsSchema,
    acme: Type.Optional(acmeSchema),
    dns: Type.Optional(dnsSchema),
    cache: Type.Optional(cacheSchema),
    buffers: Type.Optional(buffersSchema),
    trustedProxies: Type.Optional(trustedProxiesSchema),
    limits: Type.Optional(limitsSchema),
    timeouts: Type.Optional(timeoutsSchema),
    headers: Type.Optional(headersSchema),
    compress: Type.Optional(compressAllSchema),
    accessLog: Type.Optional(accessLogSchema),
    log: Type.Optional(logSchema),
    admin: Type.Optional(adminSchema),
    health: Type.Optional(healthListenerSchema),
    store: Type.Optional(storeSchema),
    maintenance: Type.Optional(maintenanceSchema),
    language: Type.Optional(languageSchema),
    pages: Type.Optional(pagesSchema),
    shutdown: Type.Optional(shutdownSchema),
    watchdog: Type.Optional(watchdogSchema),
  },
  'Configuration of vigia, a health-checking load balancer and reverse proxy for ERP web nodes.',
)

/** The document after validation, before any default is applied. */
export type ConfigDocument = Static<typeof configSchema>

/** What the schema can't say: forms, and rules that join several keys. @param ownAddresses of this machine's interfaces */
export function crossCheck(config: ConfigDocument, horizon: Horizon, ownAddresses: readonly string[]): Finding[] {
  const { listeners, routes, pools, admin, maintenance = [] } = config
  const listenerNames = listeners.map(({ name }) => name)
  return [
    ...checkListeners(config),
    ...checkTls(config.tls),
    ...checkAdmin(
      admin,
      listeners.some(({ tls }) => tls !== undefined),
    ),
    ...checkRoutes(routes, pools, listenerNames, askingListeners(listeners)),
    ...checkCompress(config.compress, ['compress']),
    ...checkPools(pools),
    ...checkCache(config.cache, routes),
    ...checkBuffers(routes, pools),
    ...checkAcme(config),
    ...checkDns(config.dns),
    ...checkLoops(listeners, routes, pools, ownAddresses, horizon.severity),
    ...checkSettings(config),
    ...checkPages(config.pages, ['pages']),
    ...checkWatchdog(config.watchdog),
    ...checkTimeouts(config.timeouts),
    ...checkLimits(config.limits),
    ...checkAccessLog(config.accessLog),
    ...checkMaintenance(maintenance, pools, routes, horizon),
  ]
}

export function namedFiles({ acme, admin, routes, pools, pages, maintenance = [] }: ConfigDocument): NamedFile[] {
  return [
    ...acmeFiles(acme),
    ...adminFiles(admin),
    ...routeFiles(routes),
    ...poolFiles(pools),
    ...pagesFiles(pages, ['pages']),
    ...maintenanceFiles(maintenance),
  ]
}

/** Certificates with their keys. */
export function certificatePairs({ listeners, admin }: ConfigDocument): NamedPair[] {
  return [...listenerPairs(listeners), ...adminPairs(admin)]
}

/** Authorities of clients, with their revocation lists. */
export function clientAuthorities({ listeners }: ConfigDocument): NamedAuthorities[] {
  return listenerAuthorities(listeners)
}

/** The key of session tickets. */
export function ticketKeyFile({ tls }: ConfigDocument): { readonly path: Path; readonly file: string } | undefined {
  const file = tls?.ticketKeyFile
  return file === undefined ? undefined : { path: ['tls', 'ticketKeyFile'], file }
}

/** Files that are read and watched by themselves. */
export function certificateFiles(config: ConfigDocument): { readonly path: Path; readonly file: string }[] {
  const pairs = certificatePairs(config).flatMap(({ path, certFile, keyFile }) => [
    { path: [...path, 'certFile'], file: certFile },
    { path: [...path, 'keyFile'], file: keyFile },
  ])
  const authorities = clientAuthorities(config).flatMap(({ path, caFile, revokedFile }) => [
    { path: [...path, 'caFile'], file: caFile },
    ...(revokedFile === undefined ? [] : [{ path: [...path, 'revokedFile'], file: revokedFile }]),
  ])
  const key = ticketKeyFile(config)
  return [...pairs, ...authorities, ...(key === undefined ? [] : [key])]
}

/** Files that vigia writes, and the folder of those that have no name. */
export function writtenFiles({
  accessLog,
  store,
  buffers,
}: ConfigDocument): { readonly path: Path; readonly file: string }[] {
  return [
    ...(typeof accessLog === 'object' && accessLog.path !== undefined
      ? [{ path: ['accessLog', 'path'], file: accessLog.path }]
      : []),
    ...(store === undefined || store === false
      ? []
      : [typeof store === 'string' ? { path: ['store'], file: store } : { path: ['store', 'path'], file: store.path }]),
    ...(buffers?.directory === undefined ? [] : [{ path: ['buffers', 'directory'], file: buffers.directory }]),
  ]
}

export interface Surroundings {
  readonly revision: number
  /** What `workers: auto` stands for. */
  readonly cores: number
  /** Of the files that the document names. */
  readonly files: Contents
  /** Makes a file path of the document absolute. */
  readonly resolvePath: (path: string) => string
}

/**
 * Defaults applied, units resolved, names replaced by indices. Pure.
 * @param config must have passed the schema and the checks without an error
 */
export function compile(config: ConfigDocument, { revision, cores, files, resolvePath }: Surroundings): Snapshot {
  const { workers, watch, trustedProxies, headers, language, shutdownMs } = compileSettings(config, cores)
  const timeouts = compileTimeouts(config.timeouts)
  const limits = compileLimits(config.limits)
  const poolIndices = new Map(Object.keys(config.pools).map((name, i) => [name, i]))
  const store = compileStore(config.store, resolvePath)
  const pages = compilePages(config.pages, language, files)
  const shared = oneForEqual()
  return {
    revision,
    workers,
    watch,
    tickets: compileTls(config.tls, resolvePath),
    listeners: compileListeners(config.listeners, resolvePath),
    routes: config.routes.map((route, i) =>
      shared(
        compileRoute(
          route,
          i,
          poolIndices,
          { pools: config.pools, timeouts, limits, compress: config.compress, language, pages },
          files,
        ),
      ),
    ),
    pools: Object.entries(config.pools).map(([name, pool]) => shared(compilePool(name, pool, limits, files))),
    acme: compileAcme(config, files),
    dns: compileDns(config.dns),
    cache: compileCache(config.cache),
    buffers: compileBuffers(config.buffers, store?.path, resolvePath),
    trustedProxies,
    limits,
    timeouts,
    headers,
    accessLog: compileAccessLog(config.accessLog, resolvePath, grantedFolders(config.admin).map(resolvePath)),
    log: compileLog(config.log),
    admin: compileAdmin(config.admin, files, resolvePath),
    health: compileHealthListener(config.health),
    store,
    maintenance: (config.maintenance ?? []).map(window => compileWindow(window, files)),
    language,
    pages,
    shutdownMs,
    watchdog: compileWatchdog(config.watchdog),
  }
}

/** Keys of the snapshot, from the part that they are in down, whose name in the document is another one. */
export const RENAMED: Readonly<Record<string, string>> = {
  ...RENAMED_IN_ROUTE,
  ...RENAMED_IN_CACHE,
  ...RENAMED_IN_BUFFER,
  ...RENAMED_IN_WINDOW,
  ...RENAMED_IN_POOL,
  ...RENAMED_IN_PAGES,
  ...RENAMED_IN_LOG,
  ...RENAMED_IN_TLS,
  ...RENAMED_IN_ACME,
  ...RENAMED_IN_CLIENTS,
}
