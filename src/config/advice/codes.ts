// What `vigia check` advises against although it is legal: a code each, with the reason. docs/reference/advice.md is made of this.

export const ADVICE = {
  'one-node':
    'A pool with one upstream has nobody who takes over: every failure and every restart of it is seen by users.',
  'no-probe': 'Without a probe an upstream counts as well until requests of users have failed on it.',
  'tcp-probe':
    'A port that takes connections says nothing of the application: a frozen node, or one without its database, passes.',
  'static-probe':
    'A static file is served without the application: its workers may hang, or its database be away, and the probe passes.',
  'any-answer-probe': 'A probe that 5xx statuses pass keeps nodes that answer with errors in rotation.',
  'long-response-timeout':
    'Firefox stops waiting after 5 minutes (network.http.response.timeout), nginx in front after 60 s (proxy_read_timeout): what comes after 15 minutes is work for nobody, and its user has sent it again.',
  'evaded-access':
    'A later route passes to the same pool what this one protects, with other methods: the protection can be walked around.',
  'standby-takes-over':
    'Users change to a later priority by themselves as soon as those before it are out, and back: data that is not replicated by then is missing, or is written on both sides.',
  'admin-without-tls':
    'Tokens and all that the admin API says travel in the clear: who can listen on the way can use them.',
  'no-store': 'Without a store, drains, in-doubt requests and what was done in windows are forgotten at a restart.',
  'unsafe-replay':
    'An upstream that does not remember idempotency keys carries out twice what is sent twice: say so only of applications that do.',
} as const satisfies Readonly<Record<string, string>>

export type AdviceCode = keyof typeof ADVICE
