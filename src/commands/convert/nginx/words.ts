// What is to be said of nginx's directives that no code converts: by name, why vigia needs none of it, or what to do instead.

import type { NoteKind } from '../draft.ts'

type Said = readonly [NoteKind, string]

const FILES = 'vigia serves no files: requests for them go to the upstreams, or keep nginx beside it as one of them'

const GROUPS: readonly (readonly [NoteKind, string, readonly string[]])[] = [
  [
    'needless',
    'how nginx itself runs; vigia has no word of the kind',
    [
      ...['user', 'pid', 'worker_processes', 'worker_connections', 'worker_rlimit_nofile', 'worker_priority', 'events'],
      ...['daemon', 'master_process', 'multi_accept', 'use', 'accept_mutex', 'pcre_jit', 'load_module', 'lock_file'],
      ...['worker_cpu_affinity', 'worker_shutdown_timeout', 'thread_pool', 'aio', 'directio', 'aio_write', 'env'],
      ...['sendfile', 'sendfile_max_chunk', 'tcp_nopush', 'tcp_nodelay', 'reset_timedout_connection', 'zone'],
      ...['types_hash_max_size', 'types_hash_bucket_size', 'server_names_hash_bucket_size', 'variables_hash_max_size'],
      ...['server_names_hash_max_size', 'map_hash_bucket_size', 'map_hash_max_size', 'variables_hash_bucket_size'],
      ...['proxy_headers_hash_max_size', 'proxy_headers_hash_bucket_size', 'connection_pool_size', 'request_pool_size'],
      ...['output_buffers', 'postpone_output', 'proxy_temp_path', 'client_body_temp_path', 'fastcgi_temp_path'],
      ...['uwsgi_temp_path', 'scgi_temp_path', 'log_format', 'log_not_found', 'log_subrequest', 'open_log_file_cache'],
      ...['server_tokens', 'server_name_in_redirect', 'port_in_redirect', 'absolute_redirect', 'charset', 'etag'],
      ...['resolver_timeout', 'keepalive_requests', 'lingering_close', 'lingering_time', 'lingering_timeout'],
      ...['proxy_busy_buffers_size', 'proxy_temp_file_write_size', 'client_body_in_file_only', 'rewrite_log'],
      ...['client_body_in_single_buffer', 'proxy_socket_keepalive', 'uninitialized_variable_warn', 'merge_slashes'],
      ...['proxy_max_temp_file_size', 'proxy_buffers', 'proxy_buffer_size', 'client_body_buffer_size'],
      ...['gzip_proxied', 'gzip_vary', 'gzip_disable', 'gzip_http_version', 'gzip_buffers', 'gunzip', 'gzip_static'],
      ...['proxy_http_version', 'proxy_pass_request_headers', 'proxy_pass_request_body', 'msie_padding'],
      ...['http2_max_concurrent_streams', 'http2_recv_buffer_size', 'http2_chunk_size', 'http2_body_preread_size'],
    ],
  ],
  ['unconverted', 'its file is not there, or can not be read', ['include']],
  ['needless', 'said of files that nginx serves', ['types', 'default_type', 'expires', 'open_file_cache', 'autoindex']],
  ['needless', 'said of files that nginx serves', ['open_file_cache_valid', 'open_file_cache_errors', 'index']],
  ['needless', 'said of files that nginx serves', ['open_file_cache_min_uses', 'add_before_body', 'disable_symlinks']],
  [
    'needless',
    'vigia speaks what is safe today: TLS 1.2 and 1.3 with ECDHE and AEAD ciphers, sessions that resume, no stapling',
    [
      ...['ssl_ciphers', 'ssl_prefer_server_ciphers', 'ssl_session_cache', 'ssl_session_timeout', 'ssl_dhparam'],
      ...['ssl_session_tickets', 'ssl_ecdh_curve', 'ssl_stapling', 'ssl_stapling_verify', 'ssl_trusted_certificate'],
      ...['ssl_buffer_size', 'ssl_early_data', 'ssl_conf_command', 'ssl_stapling_file', 'ssl_stapling_responder'],
    ],
  ],
  [
    'unconverted',
    FILES,
    ['root', 'alias', 'try_files', 'sub_filter', 'sub_filter_once', 'ssi', 'dav_methods', 'image_filter'],
  ],
  [
    'unconverted',
    'vigia speaks HTTP to its upstreams, and no FastCGI, uwsgi, SCGI, gRPC or memcached: give it the HTTP port of the application server (uWSGI: http-socket; PHP: nginx or Apache as the upstream)',
    ['fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'grpc_pass', 'memcached_pass'],
  ],
  [
    'unconverted',
    'belongs to a protocol that vigia does not speak',
    ['fastcgi_param', 'uwsgi_param', 'scgi_param', 'fastcgi_index'],
  ],
  [
    'unconverted',
    'belongs to a protocol that vigia does not speak',
    ['fastcgi_split_path_info', 'fastcgi_read_timeout', 'uwsgi_read_timeout'],
  ],
  ['unconverted', 'vigia passes on the path of a request as it is', ['rewrite', 'proxy_method', 'proxy_set_body']],
  [
    'unconverted',
    'vigia decides by listener, host, path and method, not by variables',
    ['if', 'set', 'map', 'geo', 'split_clients', 'break'],
  ],
  [
    'unconverted',
    'vigia decides by listener, host, path and method, not by variables',
    ['map_hash', 'perl_set', 'js_set', 'js_import', 'js_content'],
  ],
  [
    'unconverted',
    'vigia has pages of its own for what it answers itself, and passes on those of the upstreams',
    ['error_page', 'proxy_intercept_errors', 'recursive_error_pages'],
  ],
  [
    'unconverted',
    'vigia leaves cookies as the upstreams send them',
    ['proxy_cookie_flags', 'proxy_cookie_path', 'proxy_cookie_domain'],
  ],
  [
    'unconverted',
    'a cache is a matter of each route in vigia: `cache: { ttl: 1h }` (RFC 9111, never an answer with Set-Cookie)',
    [
      ...[
        'proxy_cache',
        'proxy_cache_path',
        'proxy_cache_valid',
        'proxy_cache_key',
        'proxy_cache_bypass',
        'proxy_no_cache',
      ],
      ...['proxy_cache_use_stale', 'proxy_cache_lock', 'proxy_cache_background_update', 'proxy_cache_revalidate'],
      ...['proxy_cache_methods', 'proxy_cache_min_uses', 'proxy_ignore_headers', 'proxy_store'],
    ],
  ],
  ['unconverted', 'vigia balances HTTP, not streams or mail', ['stream', 'mail']],
  [
    'unconverted',
    'the status of vigia is on its admin listener: vigia status, /metrics',
    ['stub_status', 'api', 'status_zone', 'vhost_traffic_status_zone'],
  ],
  ['unconverted', 'vigia does not send copies of requests elsewhere', ['mirror', 'mirror_request_body']],
  [
    'differs',
    'vigia writes one JSON line for each request to standard output: accessLog: { path: FILE } or accessLog: false',
    ['access_log'],
  ],
  ['differs', 'vigia writes its own log to standard error: log: { level: info }', ['error_log']],
  [
    'differs',
    'vigia waits for slow clients as limits.minRate says, and ends a quiet one after timeouts.idle',
    ['send_timeout', 'client_body_timeout', 'proxy_send_timeout'],
  ],
  [
    'differs',
    'vigia leaves Location as the upstream sends it, which sees the Host that the client asked for',
    ['proxy_redirect'],
  ],
  [
    'differs',
    'vigia goes on with what the upstream is working on as its kind of request demands',
    ['proxy_ignore_client_abort'],
  ],
  [
    'unsafe',
    'vigia asks nobody for a password, and no other service',
    ['auth_basic', 'auth_request', 'auth_jwt', 'auth_digest', 'auth_ldap', 'auth_pam'],
  ],
  [
    'unsafe',
    'vigia does not decide by this',
    [
      'secure_link',
      'secure_link_md5',

      'referer_hash_max_size',
      'modsecurity',
      'access_by_lua_block',
      'access_by_lua_file',
      'js_access',
    ],
  ],
  [
    'needless',
    'belongs to what is said where the password is asked for',
    ['auth_basic_user_file', 'auth_request_set', 'modsecurity_rules_file'],
  ],
]

/** Those that code converts where they hold for something that is converted. */
const CONVERTED = [
  ...[
    'add_header',
    'proxy_set_header',
    'proxy_hide_header',
    'gzip',
    'gzip_types',
    'gzip_min_length',
    'gzip_comp_level',
  ],
  ...[
    'proxy_read_timeout',
    'proxy_connect_timeout',
    'client_max_body_size',
    'limit_req',
    'limit_conn',
    'limit_req_zone',
  ],
  ...[
    'ssl_protocols',
    'ssl_certificate',
    'ssl_certificate_key',
    'allow',
    'deny',
    'satisfy',
    'proxy_pass',
    'proxy_buffering',
  ],
  ...[
    'proxy_request_buffering',
    'proxy_next_upstream',
    'keepalive_timeout',
    'real_ip_header',
    'real_ip_recursive',
    'http2',
  ],
  ...[
    'limit_conn_zone',
    'resolver',
    'return',
    'internal',
    'ssl_client_certificate',
    'client_header_timeout',
    'proxy_pass_header',
  ],
]
const NOWHERE = 'holds for nothing that was converted'

const SAID: ReadonlyMap<string, Said> = new Map(
  [...GROUPS, ['unconverted', NOWHERE, CONVERTED] as const].flatMap(([kind, message, names]) =>
    names.map(name => [name, [kind, message]] as const),
  ),
)

/** Undefined: nobody here knows the directive. */
export function saidOf(name: string): Said | undefined {
  return SAID.get(name)
}

/** Request fields that vigia sets itself, with the values under which that is the same; any other value is one of one's own. */
export const OWN_FIELDS: ReadonlyMap<string, RegExp> = new Map([
  ['host', /^\$(?:host|http_host)(?::\$server_port)?$/],
  ['x-forwarded-for', /^\$(?:proxy_add_x_forwarded_for|remote_addr)$/],
  ['x-forwarded-proto', /^\$(?:scheme|thescheme|http_x_forwarded_proto|proxy_x_forwarded_proto)$/],
  ['x-forwarded-host', /^\$(?:host|http_host)$/],
  ['x-forwarded-port', /^\$server_port$/],
  ['x-real-ip', /^\$(?:remote_addr|realip_remote_addr)$/],
  ['x-request-id', /^\$request_id$/],
  ['upgrade', /^\$http_upgrade$/],
  ['connection', /^(?:|upgrade|\$connection_upgrade|\$http_connection|close|keep-alive)$/i],
  ['te', /^$/],
])
