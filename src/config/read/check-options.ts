// How ajv checks a document, where its check is made at a start as where it is made before (packaging/bundle/ready-check.ts).

export const CHECK_OPTIONS = {
  allErrors: true,
  strict: true,
  verbose: true,
  // It judges nothing: it is words for `explain`.
  keywords: ['whyRequired'],
  // It checks one document at each start: to make its code quicker takes longer than to run it, and so does a look at the schema itself,
  // which a test takes (schema.test.ts).
  code: { optimize: false },
  validateSchema: false,
  // Parts of the schema stay functions of their own (in-parts.ts).
  inlineRefs: false,
}
