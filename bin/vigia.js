#!/usr/bin/env node
// Checks the runtime, then hands over to vigia itself: to its sources in a clone, to what was made of them in a package. Plain JavaScript
// without new syntax, and a script rather than a module (package.json beside it), so that an old node can still read the advice.

const fs = require('fs')
const path = require('path')

const NEEDED = 26
/** The folder that holds bin/: where this file really is, whatever links lead to it. */
const ROOT = path.dirname(__dirname)
/** A clone has its sources. Node strips their types, but not below node_modules: a package holds what was stripped before. */
const IS_CLONE = fs.existsSync(path.join(ROOT, 'src', 'main.ts'))

if (parseInt(process.versions.node, 10) < NEEDED) {
  console.error(`vigia needs Node.js ${NEEDED} or newer; this is ${process.version}. ${advice()}`)
  process.exitCode = 78
} else if (process.argv.length === 3 && /^(-V|--version)$/.test(process.argv[2])) {
  // Nothing has to be loaded for it. What `vigia --version` says among other words comes from the command line's spelling, the same.
  console.log(`vigia ${require('../package.json').version} (Node.js ${process.version})`)
} else {
  keepCompiled()
  import(IS_CLONE ? '../src/main.ts' : '../dist/main.js')
    .then(module => module.main(process.argv))
    .then(code => {
      process.exitCode = code
      // Output that a slow reader has not taken yet may still go out, but nothing that was forgotten keeps the process alive.
      setTimeout(() => {
        process.exit(code)
      }, 2000).unref()
    })
    .catch(error => {
      console.error(error)
      process.exit(70)
    })
}

function advice() {
  return IS_CLONE
    ? `Run it through npm (npm start, or npx vigia ...), which brings the right one, or install Node.js ${NEEDED}.`
    : `Install Node.js ${NEEDED}, or let npm bring it: npx -p node@${NEEDED} node ${__filename} ... The Debian package of vigia has its own.`
}

/**
 * Compiled sources are kept from one start to the next, worker threads included: to compile takes most of a start. They are kept beside
 * the sources, where nobody writes who could not change the sources as well, and can be read by the user alone who wrote them. Who may not
 * write there starts as before. NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
function keepCompiled() {
  const wanted = process.env.NODE_COMPILE_CACHE || path.join(ROOT, 'node_modules', '.cache', 'vigia')
  const { directory } = require('module').enableCompileCache(wanted)
  if (directory !== undefined && !process.env.NODE_COMPILE_CACHE) process.env.NODE_COMPILE_CACHE = directory
}
