// Words that other products have for what a configuration says (HAProxy, nginx, Envoy, Traefik, Apache), and keys that stand in the wrong
// place: what the writer most likely means. Guesses only; it judges nothing.

import { didYouMean } from '../../util/nearest.ts'
import type { Path } from '../forms/problem.ts'

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: Shape | boolean
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
}

/** By key of vigia: what others call it, in lower case without - and _. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  pool: ['proxypass', 'backend', 'usebackend', 'defaultbackend', 'upstream', 'cluster', 'service', 'target'],
  upstreams: ['server', 'servers', 'nodes', 'members', 'targets', 'endpoints', 'backends', 'balancermember'],
  pools: ['upstreams', 'backends', 'clusters', 'services'],
  listeners: ['listen', 'bind', 'frontend', 'frontends', 'entrypoints', 'server', 'servers'],
  routes: ['location', 'locations', 'rules', 'routers', 'virtualhosts'],
  address: ['listen', 'bind', 'port', 'host'],
  balance: ['algorithm', 'lbpolicy', 'lbmethod', 'policy', 'loadbalancing', 'strategy'],
  health: ['check', 'checks', 'healthcheck', 'healthchecks', 'optionhttpchk', 'httpchk'],
  affinity: ['sticky', 'stickiness', 'sticktable', 'cookie', 'persistence', 'iphash', 'sessionpersistence'],
  outlier: ['outlierdetection', 'passivehealth', 'passivehealthchecks', 'observe', 'onerror'],
  maxConnections: ['maxconn', 'maxconns', 'limitconn'],
  maxBody: ['clientmaxbodysize', 'limitrequestbody', 'maxrequestbodybytes'],
  rateLimit: ['limitreq', 'ratelimiting', 'sticktablerate'],
  retry: ['retries', 'retryon', 'retrypolicy', 'proxynextupstream', 'redispatch'],
  trustedProxies: ['setrealipfrom', 'forwardedheaders', 'xfftrustedhops', 'realipfrom'],
  proxyProtocol: ['acceptproxy', 'expectproxy', 'sendproxy', 'sendproxyv2', 'remoteipproxyprotocol'],
  priority: ['backup'],
  match: ['location', 'rule', 'acl'],
  http2: ['h2', 'h2c', 'proto', 'protocol', 'protocols', 'alpn'],
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'least-connections': ['leastconn', 'leastrequest', 'bybusyness', 'wlc'],
  'round-robin': ['rr', 'wrr', 'staticrr', 'weightedroundrobin', 'byrequests'],
  'random-two': ['random', 'p2c', 'poweroftwo', 'powerofthreechoices'],
  'peak-ewma': ['ewma', 'leasttime', 'leastresponsetime'],
  hash: ['source', 'iphash', 'uri', 'ringhash', 'maglev', 'consistent', 'consistenthash'],
}

/** What is to be said of words for which vigia has no key of the same meaning beside them; by word. */
const SENTENCES: Readonly<Record<string, { readonly beside: string; readonly text: string }>> = {
  backup: { beside: 'priority', text: 'a standby has a later priority than the others: "priority: 1"' },
  maxfails: {
    beside: 'priority',
    text: 'failures of requests are judged by the pool\'s "outlier", those of probes by "health.fall"',
  },
  failtimeout: { beside: 'priority', text: 'how long a failing upstream stays out is said in the pool\'s "outlier"' },
}
const TLS = ['tls', 'ssl', 'cert', 'certificate', 'sslcertificate', 'certfile', 'key', 'keyfile', 'sslcertificatekey']
const TLS_TEXT =
  'listeners speak plain HTTP: whoever ends TLS for clients stands in front of vigia (trustedProxies); TLS to an upstream is a matter of its url and of pools.*.upstreams[].tls'

/** Begins with `, ` or `: `; '' = no idea. @param known keys of the mapping @param schema of the whole document */
export function meantByKey(key: string, known: readonly string[], path: Path, schema: object): string {
  const word = plain(key)
  const sentence = SENTENCES[word]
  if (sentence !== undefined && known.includes(sentence.beside)) return `: ${sentence.text}`
  if (TLS.includes(word) && (path.length === 0 || path[0] === 'listeners')) return `: ${TLS_TEXT}`
  const other = known.find(each => KEYS[each]?.includes(word))
  if (other !== undefined) return `, did you mean "${other}"?`
  const slip = didYouMean(key, known)
  if (slip !== '') return slip
  const place = placeOf(key, path, schema)
  return place === undefined ? '' : `: it belongs to ${place}`
}

/** @param words that may stand there */
export function meantByValue(value: string, words: readonly string[]): string {
  const other = words.find(word => VALUES[word]?.includes(plain(value)))
  return other === undefined ? didYouMean(value, words) : `, did you mean "${other}"?`
}

/** Where a key would be known: below the mapping in which it stands, else in the only place there is. */
function placeOf(key: string, path: Path, schema: object): string | undefined {
  const here = path.map((step, at) => (typeof step === 'number' ? '[]' : at === 1 && path[0] === 'pools' ? '*' : step))
  const all = [...new Set(placesOf(key, schema as Shape, []).map(place => place.join(' ')))]
  const below = all.filter(place => here.length > 0 && place.startsWith(`${here.join(' ')} `))
  const [place, more] = below.length > 0 ? below : all
  return place === undefined || more !== undefined ? undefined : place.replaceAll(' []', '[]').replaceAll(' ', '.')
}

function placesOf(key: string, shape: Shape, at: readonly string[]): string[][] {
  const { properties = {}, patternProperties = {}, additionalProperties, items, anyOf = [] } = shape
  const named = typeof additionalProperties === 'object' ? [additionalProperties] : []
  return [
    ...(key in properties && at.length > 0 ? [[...at]] : []),
    ...Object.entries(properties).flatMap(([name, inner]) => placesOf(key, inner, [...at, name])),
    ...[...Object.values(patternProperties), ...named].flatMap(inner => placesOf(key, inner, [...at, '*'])),
    ...(items === undefined ? [] : placesOf(key, items, [...at, '[]'])),
    ...anyOf.flatMap(inner => placesOf(key, inner, at)),
  ]
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '')
}
