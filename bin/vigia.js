#!/usr/bin/env node
// Checks the runtime, then hands over to src/main.ts. Plain JavaScript without new syntax, so that an old node can still read the advice.

var NEEDED = 26

if (parseInt(process.versions.node, 10) < NEEDED) {
  console.error(
    'vigia needs Node.js ' +
      NEEDED +
      ' or newer; this is ' +
      process.version +
      '. Run it through npm (npm start, or npx vigia ...), which brings the right one, or install Node.js ' +
      NEEDED +
      '.',
  )
  process.exitCode = 78
} else {
  keepCompiled()
    .then(() => import('../src/main.ts'))
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

/**
 * Compiled sources are kept from one start to the next, worker threads included: to compile takes most of a start. They are kept beside
 * the sources, where nobody writes who could not change the sources as well, and can be read by the user alone who wrote them. Who may not
 * write there starts as before. NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
function keepCompiled() {
  return import('node:module').then(({ enableCompileCache }) => {
    const { directory } = enableCompileCache(
      process.env.NODE_COMPILE_CACHE || `${import.meta.dirname}/../node_modules/.cache/vigia`,
    )
    if (directory !== undefined) process.env.NODE_COMPILE_CACHE ||= directory
  })
}
