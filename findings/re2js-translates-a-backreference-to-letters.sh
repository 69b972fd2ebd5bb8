#!/usr/bin/env bash
# A JavaScript pattern with a reference to a named group (\k<name>), given to re2js by way of its translateRegExp().
#
# Guess:  RE2 has no backreferences, so one is refused: \1 and \k<name> alike, as look-ahead is; translateRegExp() keeps a pattern's meaning or leaves it to compile() to refuse.
# Really: \1, look-ahead and \k<name> given to compile() as they are raise. translateRegExp() turns \k<name> into the letters k<name> (of a string and of a RegExp,
#         flag u too), and the result compiles: it no longer matches what the pattern is for, and matches a text in which "k<name>" stands.
# Matters: a filter or a route that people write as JavaScript is taken without an error and never matches; looking for \k before translating is left to the caller.
# Versions: npm re2js 2.10.0, node 26.10.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "type": "module", "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 re2js@2.10.0 >npm.log 2>&1
cat >match.mjs <<'JS'
import { RE2JS } from 're2js'
const TEXTS = [`say="now"`, `say="now'`, `say="nowk<mark>`]
const named = String.raw`say=(?<mark>["'])\w+\k<mark>`
function tell(how, test) {
  let said
  try { said = TEXTS.filter(test()).join(' and ') || 'none' } catch (error) { said = error.message }
  console.log(`${how}: ${said}`)
}
const compiled = source => () => { const pattern = RE2JS.compile(source()); return text => pattern.matches(text) }
tell('RegExp, named', () => text => new RegExp(`^${named}$`, 'u').test(text))
tell('compile, named', compiled(() => named))
tell('translate a string, named', compiled(() => RE2JS.translateRegExp(named)))
tell('translate a RegExp, named', compiled(() => RE2JS.translateRegExp(new RegExp(named, 'u'))))
tell('translate a string, numbered', compiled(() => RE2JS.translateRegExp(String.raw`say=(["'])\w+\1`)))
tell('translate a string, look-ahead', compiled(() => RE2JS.translateRegExp('say=(?=")')))
console.log(RE2JS.translateRegExp(named))
JS
node_modules/.bin/node match.mjs | tee seen.txt
cat >expected.txt <<'OUT'
RegExp, named: say="now"
compile, named: error parsing regexp: invalid escape sequence: `\k`
translate a string, named: say="nowk<mark>
translate a RegExp, named: say="nowk<mark>
translate a string, numbered: error parsing regexp: invalid escape sequence: `\1`
translate a string, look-ahead: error parsing regexp: invalid or unsupported Perl syntax: `(?=`
say=(?P<mark>["'])\w+k<mark>
OUT
diff expected.txt seen.txt && echo 'as it was found'
