import { z } from 'zod'

/** What is wrong with a field, in a person's words; undefined: zod's own do. Texts that a schema brings go before these. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is needed'
  if (issue.code === 'invalid_format' && issue.format === 'email')
    return 'an e-mail address such as ada@example.com'
  if (issue.code === 'invalid_format' && issue.format === 'uuid') return 'an id as lists show it'
  if (issue.code === 'too_small' && issue.origin === 'string')
    return issue.minimum === 1 ? 'is needed' : `at least ${issue.minimum} characters`
  if (issue.code === 'too_big' && issue.origin === 'string') return `at most ${issue.maximum} characters`
  return undefined
}

/** To be called once, before anything is checked. */
export function speakPlainly(): void {
  z.config({ customError: wordsOf })
}
