#!/usr/bin/env bash
# http-cache-semantics and stored answers with must-revalidate or proxy-revalidate, while they are fresh.
#
# Guess:  "max-age=60, must-revalidate" is given from the store for 60 seconds and must be validated only "once the response has become stale" (RFC 9111 5.2.2.2);
#         proxy-revalidate is the same for shared caches (5.2.2.8). So both change nothing while an answer is fresh.
# Really: with must-revalidate evaluateRequest() asks for validation always, and gives no response, although stale() is false and timeToLive() says about 60 s;
#         satisfiesWithoutRevalidation() is false accordingly, for shared and private caches. With proxy-revalidate a shared cache has 0 s and is stale at once;
#         a private one is fresh. ignoreCargoCult takes must-revalidate away only next to pre-check and post-check.
# Matters: an origin that sends the common "max-age=N, must-revalidate" is asked for every request: such a cache saves bodies, never round trips, and nothing warns:
#          timeToLive() looks right. Who wants RFC 9111 has to take these directives out for the question while timeToLive() is above 0.
# Versions: npm http-cache-semantics 4.3.0, node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 http-cache-semantics@4.3.0 >npm.log 2>&1
cat >ask.mjs <<'JS'
import CachePolicy from 'http-cache-semantics'
const request = { url: '/', method: 'GET', headers: { host: 'a.test' } }
function tell(directives, options = {}) {
  const policy = new CachePolicy(request, { status: 200, headers: { 'cache-control': directives, etag: '"1"' } }, options)
  const { response, revalidation } = policy.evaluateRequest(request)
  const seconds = Math.round(policy.timeToLive() / 1000)
  const answer = `${response ? 'from the store' : 'not from the store'}, ${revalidation ? `validate (synchronous ${revalidation.synchronous})` : 'nothing to validate'}`
  console.log(`${directives}; ${JSON.stringify(options)}: stale ${policy.stale()}, ${seconds} s; ${answer}; satisfies ${policy.satisfiesWithoutRevalidation(request)}`)
}
for (const shared of [true, false])
  for (const more of ['', ', must-revalidate', ', proxy-revalidate']) tell(`max-age=60${more}`, { shared })
tell('s-maxage=60, must-revalidate')
tell('max-age=60, must-revalidate', { ignoreCargoCult: true })
JS
node_modules/.bin/node ask.mjs | tee seen.txt
cat >expected.txt <<'OUT'
max-age=60; {"shared":true}: stale false, 60 s; from the store, nothing to validate; satisfies true
max-age=60, must-revalidate; {"shared":true}: stale false, 60 s; not from the store, validate (synchronous true); satisfies false
max-age=60, proxy-revalidate; {"shared":true}: stale true, 0 s; not from the store, validate (synchronous true); satisfies false
max-age=60; {"shared":false}: stale false, 60 s; from the store, nothing to validate; satisfies true
max-age=60, must-revalidate; {"shared":false}: stale false, 60 s; not from the store, validate (synchronous true); satisfies false
max-age=60, proxy-revalidate; {"shared":false}: stale false, 60 s; from the store, nothing to validate; satisfies true
s-maxage=60, must-revalidate; {}: stale false, 60 s; not from the store, validate (synchronous true); satisfies false
max-age=60, must-revalidate; {"ignoreCargoCult":true}: stale false, 60 s; not from the store, validate (synchronous true); satisfies false
OUT
diff expected.txt seen.txt && echo 'as it was found'
