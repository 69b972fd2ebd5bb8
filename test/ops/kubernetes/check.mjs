// check.mjs MANIFESTS: each document against the schema of its kind (npm package kubernetes-models), the labels that have to fit each
// other, and the configuration in it against vigia itself. Run by run.sh, in a folder with the packages.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Service } from 'kubernetes-models/v1/Service'
import { parseAllDocuments } from 'yaml'

const MODELS = { ConfigMap, Service, Deployment, PodDisruptionBudget }
const documents = parseAllDocuments(readFileSync(process.argv[2], 'utf8')).map(document =>
  document.toJS({ strict: true }),
)
const byKind = Object.fromEntries(documents.map(document => [document.kind, document]))
for (const [kind, Model] of Object.entries(MODELS)) {
  new Model(byKind[kind]).validate()
  console.log(`${kind}: as its schema wants it`)
}
// A schema that takes everything would prove nothing.
const wrong = structuredClone(byKind.Deployment)
wrong.spec.template.spec.containers[0].ports[0].containerPort = 'web'
try {
  new Deployment(wrong).validate()
} catch {
  wrong.refused = true
}
if (!wrong.refused) throw new Error('the schema takes a port that is no number')

const { labels } = byKind.Deployment.spec.template.metadata
for (const selector of [
  byKind.Service.spec.selector,
  byKind.PodDisruptionBudget.spec.selector.matchLabels,
  byKind.Deployment.spec.selector.matchLabels,
])
  if (!isDeepStrictEqual(selector, labels)) throw new Error('a selector does not fit the labels of the pods')
writeFileSync('vigia.yaml', byKind.ConfigMap.data['vigia.yaml'])
execFileSync(process.execPath, [process.env.VIGIA, 'check', '-c', 'vigia.yaml'], { stdio: 'inherit' })
