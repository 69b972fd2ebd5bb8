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
  include: ['includes', 'import', 'imports', 'includedir', 'confd', 'includeoptional', 'providers', 'files'],
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
  cache: ['proxycache', 'proxycachepath', 'cacheenable', 'cacheuse', 'httpcache', 'caching'],
  buffer: [
    'buffering',
    'proxybuffering',
    'proxyrequestbuffering',
    'optionhttpbufferrequest',
    'bufferrequest',
    'requestbuffering',
    'responsebuffering',
    'flushinterval',
    'waitforbody',
  ],
  memory: ['memrequestbodybytes', 'memresponsebodybytes', 'clientbodybuffersize', 'proxybuffers', 'proxybuffersize'],
  max: ['maxrequestbodybytes', 'maxresponsebodybytes', 'proxymaxtempfilesize', 'maxrequestbytes'],
  buffers: ['buffering', 'spool'],
  staleIfError: ['proxycacheusestale', 'cachestaleonerror', 'grace'],
  ttl: ['proxycachevalid', 'maxage', 'cachedefaultexpire', 'expires'],
  retry: ['retries', 'retryon', 'retrypolicy', 'proxynextupstream', 'redispatch'],
  trustedProxies: ['setrealipfrom', 'forwardedheaders', 'xfftrustedhops', 'realipfrom'],
  proxyProtocol: ['acceptproxy', 'expectproxy', 'sendproxy', 'sendproxyv2', 'remoteipproxyprotocol'],
  priority: ['backup'],
  headers: [
    'requestheaders',
    'responseheaders',
    'header',
    'fields',
    'customrequestheaders',
    'customresponseheaders',
    'requestheaderstoadd',
    'responseheaderstoadd',
    'requestheadermodifier',
    'httprequest',
    'httpresponse',
    'proxysetheader',
    'addheader',
  ],
  requestBody: ['proxysendcl', 'proxysendchunked', 'chunkedtransferencoding', 'proxyrequestbuffering', 'bodyform'],
  request: ['headerup', 'up', 'requests', 'upstream'],
  response: ['headerdown', 'down', 'responses', 'httpafterresponse', 'client'],
  set: ['add', 'append', 'replace', 'overwrite', 'setheader', 'addheader', 'proxysetheader', 'setifempty'],
  remove: ['delete', 'del', 'unset', 'hide', 'strip', 'delheader', 'proxyhideheader', 'removeheader'],
  keep: ['pass', 'allow', 'trust', 'passheader', 'proxypassheader', 'underscoresinheaders'],
  compress: [
    'compression',
    'gzip',
    'brotli',
    'zstd',
    'encode',
    'deflate',
    'compressor',
    'filtercompression',
    'httpcompression',
  ],
  types: ['gziptypes', 'brotlitypes', 'zstdtypes', 'contenttypes', 'contenttype', 'includedcontenttypes', 'mimetypes'],
  minBytes: ['gzipminlength', 'minlength', 'minimumlength', 'mincontentlength', 'minresponsebodybytes', 'minsize'],
  codings: ['algo', 'algorithms', 'encodings', 'compressorlibrary', 'algorithm'],
  level: ['gzipcomplevel', 'complevel', 'compressionlevel', 'quality', 'brotlicomplevel', 'zstdcomplevel'],
  match: ['location', 'rule', 'acl'],
  tls: ['ssl', 'https', 'downstreamtlscontext'],
  acme: ['letsencrypt', 'autocert', 'automatichttps', 'certresolver', 'certificatesresolvers', 'certbot'],
  directory: ['acmeca', 'ca', 'caserver', 'acmeserver', 'server', 'proxytemppath', 'clientbodytemppath', 'tempdir'],
  names: ['domains', 'domain', 'hosts', 'sans'],
  termsAgreed: ['agreetos', 'acceptterms', 'termsofserviceagreed', 'agree'],
  email: ['contact', 'mail'],
  certificates: ['cert', 'certs', 'crt', 'certificate', 'tlscertificates'],
  certFile: ['cert', 'crt', 'file', 'certificate', 'certificatechain', 'sslcertificate', 'sslcertificatefile'],
  keyFile: ['key', 'privatekey', 'sslcertificatekey', 'sslcertificatekeyfile'],
  ticketKeyFile: ['sslsessionticketkey', 'tlsticketkeys', 'sslsessionticketkeyfile', 'sessionticketkeys', 'ticketkeys'],
  ticketRotation: ['rotationinterval', 'sessiontickets'],
  minVersion: ['sslprotocols', 'sslprotocol', 'sslminver', 'protocols', 'tlsminimumprotocolversion', 'minprotocol'],
  handshakeTimeout: ['sslhandshaketimeout', 'transportsocketconnecttimeout'],
  redirect: ['redirectscheme', 'httpsredirect', 'forcehttps', 'sslredirect', 'forcesslredirect'],
  clients: [
    'sslverifyclient',
    'verify',
    'clientauth',
    'mtls',
    'requireclientcertificate',
    'clientcertificate',
    'clientcertificates',
    'sslclientcertificate',
    'validationcontext',
  ],
  caFile: [
    'sslclientcertificate',
    'ssltrustedcertificate',
    'sslcacertificatefile',
    'ca',
    'cafiles',
    'trustedca',
    'trustedcacertfile',
    'clientca',
    'cacertificate',
  ],
  revokedFile: ['crl', 'crlfile', 'sslcrl', 'sslcarevocationfile', 'revocationlist', 'revoked'],
  mode: ['verify', 'sslverifyclient', 'clientauthtype', 'requireclientcertificate', 'required'],
  field: ['header', 'headername', 'forwardclientcertdetails', 'passtlsclientcert'],
  clientCertificate: ['clientcert', 'sslclientsdn', 'certificate', 'cert', 'principal', 'sslclientverify'],
  subject: ['dn', 'sslclientsdn', 'subjectdn', 'cn', 'commonname'],
  san: ['sans', 'subjectaltname', 'subjectaltnames', 'matchtypedsubjectaltnames', 'altnames', 'dns', 'uri'],
  issuer: ['sslclientidn', 'issuerdn'],
  fingerprint: ['sslclientfingerprint', 'verifycertificatehash', 'sha256', 'thumbprint', 'hash'],
  hsts: ['stricttransportsecurity', 'stsseconds', 'stsheader'],
  maxAge: ['stsseconds', 'maxage'],
  includeSubDomains: ['stsincludesubdomains'],
  preload: ['stspreload'],
  http2: ['h2', 'h2c', 'proto', 'protocol', 'protocols', 'alpn'],
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'http-01': ['http', 'httpchallenge', 'webroot', 'standalone'],
  'tls-alpn-01': ['tls', 'tlsalpn', 'tlschallenge', 'tlsalpnchallenge'],
  'least-connections': ['leastconn', 'leastrequest', 'bybusyness', 'wlc'],
  'round-robin': ['rr', 'wrr', 'staticrr', 'weightedroundrobin', 'byrequests'],
  'random-two': ['random', 'p2c', 'poweroftwo', 'powerofthreechoices'],
  'peak-ewma': ['ewma', 'leasttime', 'leastresponsetime'],
  'TLSv1.2': ['1.2', 'tls1.2', 'tlsv1.2', 'tlsv12', 'versiontls12'],
  'TLSv1.3': ['1.3', 'tls1.3', 'tlsv1.3', 'tlsv13', 'versiontls13'],
  require: ['on', 'required', 'true', 'verify', 'requireandverifyclientcert', 'must'],
  request: ['optional', 'verifyclientcertifgiven'],
  hash: ['source', 'iphash', 'uri', 'ringhash', 'maglev', 'consistent', 'consistenthash'],
}

const WHICH_WAY = 'say of what: "request" (to upstreams) or "response" (to clients), with this key below it'
const WHOSE = 'fields are set and removed by routes[].headers and pools.*.headers'

/** What is to be said of words for which vigia has no key of the same meaning beside them; by word. */
const SENTENCES: Readonly<Record<string, { readonly beside: string; readonly text: string }>> = {
  backup: { beside: 'priority', text: 'a standby has a later priority than the others: "priority: 1"' },
  maxfails: {
    beside: 'priority',
    text: 'failures of requests are judged by the pool\'s "outlier", those of probes by "health.fall"',
  },
  failtimeout: { beside: 'priority', text: 'how long a failing upstream stays out is said in the pool\'s "outlier"' },
  set: { beside: 'response', text: WHICH_WAY },
  add: { beside: 'response', text: WHICH_WAY },
  remove: { beside: 'response', text: WHICH_WAY },
  keep: { beside: 'response', text: WHICH_WAY },
  request: { beside: 'via', text: WHOSE },
  response: { beside: 'via', text: WHOSE },
}
const TLS = ['tls', 'ssl', 'cert', 'certificate', 'sslcertificate', 'certfile', 'key', 'keyfile', 'sslcertificatekey']
const TLS_TEXT =
  'TLS for clients is a matter of listeners[].tls (certificates, each with certFile and keyFile), TLS to an upstream of its url and of pools.*.upstreams[].tls'

/** Begins with `, ` or `: `; '' = no idea. @param known keys of the mapping @param schema of the whole document */
export function meantByKey(key: string, known: readonly string[], path: Path, schema: object): string {
  const word = plain(key)
  const sentence = SENTENCES[word]
  if (sentence !== undefined && known.includes(sentence.beside)) return `: ${sentence.text}`
  if (TLS.includes(word) && (path.length === 0 || path[0] === 'tls')) return `: ${TLS_TEXT}`
  const other = known.find(each => KEYS[each]?.includes(word))
  if (other !== undefined) return `, did you mean "${other}"?`
  if (TLS.includes(word) && path[0] === 'listeners') return `: ${TLS_TEXT}`
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
  const all = [...placesOf(key, schema)]
  const below = all.filter(place => here.length > 0 && place.startsWith(`${here.join(' ')} `))
  const [place, more] = below.length > 0 ? below : all
  return place === undefined || more !== undefined ? undefined : place.replaceAll(' []', '[]').replaceAll(' ', '.')
}

/** By schema, then by key: worked out once, as a document may have thousands of unknown keys. */
const known = new WeakMap<object, Map<string, Set<string>>>()

/** Mappings in which the key is known, but for the outermost: the steps to each, parted by spaces. */
function placesOf(key: string, schema: object): ReadonlySet<string> {
  let places = known.get(schema)
  if (places === undefined) {
    places = new Map()
    collectPlaces(schema, [], places)
    known.set(schema, places)
  }
  return places.get(key) ?? new Set()
}

function collectPlaces(shape: Shape, at: readonly string[], places: Map<string, Set<string>>): void {
  const { properties = {}, patternProperties = {}, additionalProperties, items, anyOf = [] } = shape
  for (const [key, inner] of Object.entries(properties)) {
    if (at.length > 0) places.set(key, (places.get(key) ?? new Set()).add(at.join(' ')))
    collectPlaces(inner, [...at, key], places)
  }
  const named = typeof additionalProperties === 'object' ? [additionalProperties] : []
  for (const inner of [...Object.values(patternProperties), ...named]) collectPlaces(inner, [...at, '*'], places)
  if (items !== undefined) collectPlaces(items, [...at, '[]'], places)
  for (const inner of anyOf) collectPlaces(inner, at, places)
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '')
}
