// Certificates, versions of TLS and resolvers of Traefik's documents.

import { below, type Draft, type Route } from '../draft.ts'
import { type Entry, entriesOf, itemsOf, type Tree, takeEntry, textOf } from './tree.ts'

export function certificates(draft: Draft, trees: readonly Tree[]): void {
  const listeners = draft.listeners.filter(({ keys }) => keys.tls !== undefined)
  const first = trees
    .flatMap(tree => entriesOf(tree, 'tls', 'stores'))
    .map(({ tree }) => takeEntry(tree, 'defaultCertificate')?.tree)
  const pairs = [...first, ...trees.flatMap(tree => itemsOf(tree, 'tls', 'certificates'))].flatMap(tree => {
    const [certFile, keyFile] = [textOf(tree, 'certFile'), textOf(tree, 'keyFile')]
    takeEntry(tree, 'stores')
    return certFile === undefined || keyFile === undefined ? [] : [{ certFile, keyFile }]
  })
  const different = pairs.filter((pair, at) => pairs.findIndex(each => each.certFile === pair.certFile) === at)
  const oldest = trees
    .map(tree => textOf(tree, 'tls', 'options', 'default', 'minVersion'))
    .find(each => each !== undefined)
  for (const { keys } of listeners) {
    if (different.length > 0) below(keys, 'tls').certificates = different.map(each => ({ ...each }))
    if (oldest === 'VersionTLS13') below(keys, 'tls').minVersion = 'TLSv1.3'
  }
  for (const options of trees.flatMap(tree => entriesOf(tree, 'tls', 'options'))) {
    options.directive.used = true
    for (const key of [
      'minVersion',
      'maxVersion',
      'cipherSuites',
      'curvePreferences',
      'sniStrict',
      'alpnProtocols',
      'preferServerCipherSuites',
    ])
      takeEntry(options.tree, key)
    if (options.directive.name !== 'default')
      draft.note('differs', options.directive, 'vigia has one minVersion for each listener: TLSv1.2, or TLSv1.3')
  }
  if (listeners.length > 0 && different.length === 0) resolvers(draft, trees)
  else
    for (const each of trees.flatMap(tree => entriesOf(tree, 'certificatesResolvers'))) {
      each.directive.used = true
      draft.note(
        'unconverted',
        each.directive,
        'a listener of vigia has certificates of its own, or those that acme brings',
      )
    }
}

function resolvers(draft: Draft, trees: readonly Tree[]): void {
  for (const resolver of trees.flatMap(tree => entriesOf(tree, 'certificatesResolvers'))) {
    resolver.directive.used = true
    const acme = takeEntry(resolver.tree, 'acme')
    if (acme === undefined || draft.settings.acme !== undefined) {
      draft.note('unconverted', resolver.directive, 'vigia gets certificates from one CA by ACME')
      continue
    }
    const [email, directory] = [textOf(acme.tree, 'email'), textOf(acme.tree, 'caServer')]
    const dns = takeEntry(acme.tree, 'dnsChallenge')
    if (dns !== undefined)
      draft.note('unconverted', dns.directive, 'vigia proves names by http-01 or tls-alpn-01, not by DNS')
    const byTls = takeEntry(acme.tree, 'tlsChallenge') !== undefined
    takeEntry(acme.tree, 'httpChallenge', 'entryPoint')
    for (const key of ['storage', 'keyType']) takeEntry(acme.tree, key)
    draft.settings.acme = {
      termsAgreed: true,
      ...(email === undefined ? {} : { email }),
      ...(directory === undefined ? {} : { directory }),
      ...(byTls ? { challenge: 'tls-alpn-01' } : {}),
    }
    draft.settings.store = './vigia.db'
    draft.note(
      'differs',
      resolver.directive,
      'vigia gets certificates for the hosts of its routes by itself, as you have agreed to the terms of the CA with Traefik; it keeps them in the store',
    )
  }
}

/** Whose certificates clients must show protects what a router leads to. */
export function noteClientAuth(draft: Draft, trees: readonly Tree[], { tree }: Entry, routes: readonly Route[]): void {
  const name = (textOf(tree, 'tls', 'options') ?? 'default').replace(/@file$/, '')
  for (const each of trees) {
    const auth = takeEntry(each, 'tls', 'options', name, 'clientAuth')
    if (auth === undefined) continue
    for (const inner of auth.directive.block ?? []) inner.used = true
    draft.unsafe(
      auth.directive,
      'whose certificates clients must show is said by tls: { clients: { caFile } } of the listener',
      routes,
    )
  }
}
