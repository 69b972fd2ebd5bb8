#!/usr/bin/env bash
# reset() of Node's compressors, for one more message with the same settings.
#
# Guess:  reset() takes back the state; the settings of the constructor stay, so the same text gives the same bytes again. (Node's newest documentation says so for
#         Brotli and zstd: "preserving the configured parameters"; older ones name only inflate and deflate for it.)
# Really: so it is with gzip, deflate and zstd. Brotli forgets all its params: after reset() (also before the first use) quality is 11 and the window the default,
#         whatever was given; the sizes are those of quality 11.
# Matters: a pool of Brotli compressors at quality 4 runs at 11 from its second answer on: smaller, but slower (this text: about 200 ms instead of 3), and no error
#          shows it. A new compressor for each message is needed.
# Versions: npm node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 >npm.log 2>&1
cat >reset.mjs <<'JS'
import zlib from 'node:zlib'
const { BROTLI_OPERATION_FINISH, BROTLI_PARAM_LGWIN, BROTLI_PARAM_QUALITY, Z_FINISH, ZSTD_c_compressionLevel, ZSTD_e_end } = zlib.constants
const text = Buffer.from(Array.from({ length: 3000 }, (_, i) => `${i} ${(i * 7919) % 1009} line of text ${i % 13}\n`).join(''))
function pack(stream, finish) {
  return new Promise(tell => {
    const parts = []
    const take = part => parts.push(part)
    stream.on('data', take)
    stream.write(text)
    stream.flush(finish, () => { stream.off('data', take); tell(Buffer.concat(parts)) })
  })
}
const brotli = params => () => zlib.createBrotliCompress({ params })
for (const [name, make, finish] of [
  ['gzip, level 1', () => zlib.createGzip({ level: 1 }), Z_FINISH],
  ['deflate, level 9', () => zlib.createDeflate({ level: 9 }), Z_FINISH],
  ['zstd, level 1', () => zlib.createZstdCompress({ params: { [ZSTD_c_compressionLevel]: 1 } }), ZSTD_e_end],
  ['zstd, level 19', () => zlib.createZstdCompress({ params: { [ZSTD_c_compressionLevel]: 19 } }), ZSTD_e_end],
  ['brotli, quality 11', brotli({ [BROTLI_PARAM_QUALITY]: 11 }), BROTLI_OPERATION_FINISH],
  ['brotli, quality 1', brotli({ [BROTLI_PARAM_QUALITY]: 1 }), BROTLI_OPERATION_FINISH],
  ['brotli, quality 4', brotli({ [BROTLI_PARAM_QUALITY]: 4 }), BROTLI_OPERATION_FINISH],
  ['brotli, quality 11, window 2^10', brotli({ [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 10 }), BROTLI_OPERATION_FINISH]
]) {
  const stream = make()
  const first = await pack(stream, finish)
  stream.reset()
  const second = await pack(stream, finish)
  const fresh = make()
  fresh.reset()
  const early = await pack(fresh, finish)
  console.log(`${name}: ${first.length} bytes; after reset() ${second.length}; reset() before the first use ${early.length}; same bytes ${first.equals(second)}`)
}
JS
node_modules/.bin/node reset.mjs | tee seen.txt
cat >expected.txt <<'OUT'
gzip, level 1: 18138 bytes; after reset() 18138; reset() before the first use 18138; same bytes true
deflate, level 9: 15691 bytes; after reset() 15691; reset() before the first use 15691; same bytes true
zstd, level 1: 14015 bytes; after reset() 14015; reset() before the first use 14015; same bytes true
zstd, level 19: 9475 bytes; after reset() 9475; reset() before the first use 9475; same bytes true
brotli, quality 11: 8650 bytes; after reset() 8650; reset() before the first use 8650; same bytes true
brotli, quality 1: 15378 bytes; after reset() 8650; reset() before the first use 8650; same bytes false
brotli, quality 4: 12862 bytes; after reset() 8650; reset() before the first use 8650; same bytes false
brotli, quality 11, window 2^10: 8635 bytes; after reset() 8650; reset() before the first use 8650; same bytes false
OUT
diff expected.txt seen.txt && echo 'as it was found'
