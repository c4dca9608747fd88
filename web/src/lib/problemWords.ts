import type { Problem } from '../../../shared/api/common.ts'
import { WORDS as CODES } from './dictionaries/codes.ts'
import { WORDS } from './dictionaries/errors.ts'
import { sentenceIn, type Words } from './sentences.ts'

/**
 * What the API has said of an error, in another language: by the sentence, and where that is not known by what its code means,
 * with the sentence behind it.
 */
export function problemIn(
  problem: Partial<Problem>,
  words: Words = WORDS,
  codes: Words = CODES,
): Partial<Problem> {
  const { detail, code, errors } = problem
  const meaning = code === undefined ? undefined : words[code]
  const said = detail === undefined ? undefined : sentenceIn(detail, words, codes)
  return {
    ...problem,
    ...(errors && {
      errors: errors.map((one) => ({
        ...one,
        message: sentenceIn(one.message, words, codes) ?? one.message,
      })),
    }),
    ...(said !== undefined
      ? { detail: said }
      : meaning !== undefined && { detail: detail === undefined ? `${meaning}.` : `${meaning} (${detail})` }),
  }
}
