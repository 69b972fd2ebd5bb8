#!/usr/bin/env bash
# How long a certificate revocation list may be for @peculiar/x509, the library that most of the JavaScript world reads X.509 with.
#
# Guess:  a class X509Crl reads the lists that authorities publish; the size of one is bounded by memory, or by an option.
# Really: asn1js under it stops after 10,000 ASN.1 nodes by default, and an entry with a reason is eight of them: a list of 1,248 entries (44 KB) throws
#         "Maximum ASN.1 node count exceeded" in the constructor, which passes no other limit on and decodes all at once. OpenSSL and Node's own
#         tls (option crl) take the same list of 20,000 entries.
# Matters: a proxy that reads lists with it works for years with a company's own small authority, and refuses the list on the day that it has grown; a public
#          authority's list fails at once. Check the list with the TLS library that will use it.
# Versions: npm @peculiar/x509 1.14.3 with asn1js 3.1.0, node 26.10.0; lists made with Debian 12 openssl 3.0
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "allowScripts": { "node": true }, "overrides": { "asn1js": "3.1.0" } }' >package.json
npm install --silent node@26.10.0 @peculiar/x509@1.14.3 >npm.log 2>&1
printf '[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\ncrlnumber = crlnumber\ndefault_md = sha256\ndefault_crl_days = 30\n' >ca.cnf
echo 01 >crlnumber
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -subj /CN=ca -days 30 -out ca.pem -addext keyUsage=keyCertSign,cRLSign 2>/dev/null
for entries in 1240 1250 20000; do
  for serial in $(seq "$entries"); do printf 'R\t300101000000Z\t260101000000Z,superseded\t%08X\tunknown\t/CN=%s\n' "$serial" "$serial"; done >index.txt
  openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out "$entries.crl" 2>/dev/null
done

cat >read.mjs <<'JS'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { X509Crl } from '@peculiar/x509'
for (const entries of [1240, 1250, 20000]) {
  const pem = readFileSync(`${entries}.crl`, 'utf8')
  const look = read => {
    try {
      return read()
    } catch ({ message }) {
      return message
    }
  }
  console.log(`${entries} entries; X509Crl: ${look(() => new X509Crl(pem).entries.length)}`)
  console.log(`${entries} entries; node:tls: ${look(() => tls.createSecureContext({ ca: readFileSync('ca.pem'), crl: pem }) && 'taken')}`)
}
JS
./node_modules/.bin/node read.mjs | tee seen.txt
for entries in 1240 20000; do echo "$entries entries; openssl: $(openssl crl -in $entries.crl -noout -text | grep -c 'Serial Number')"; done | tee -a seen.txt
diff seen.txt - <<'SEEN'
1240 entries; X509Crl: 1240
1240 entries; node:tls: taken
1250 entries; X509Crl: Maximum ASN.1 node count exceeded
1250 entries; node:tls: taken
20000 entries; X509Crl: Maximum ASN.1 node count exceeded
20000 entries; node:tls: taken
1240 entries; openssl: 1240
20000 entries; openssl: 20000
SEEN
