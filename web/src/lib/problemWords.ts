import type { Problem } from '../../../shared/api/common.ts'
import { WORDS as CODES } from './dictionaries/codes.ts'
import { WORDS } from './dictionaries/errors.ts'

type Words = Readonly<Record<string, string>>

/** What a sentence says without its values tells it from others only if there is enough of it. */
const LEAST = 8
const PLACE = /\{(\w+)\}/

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

function sentenceIn(text: string, words: Words, codes: Words): string | undefined {
  if (words[text] !== undefined) return words[text]
  const found = Object.entries(words)
    .flatMap(([sentence, translation]) => {
      if (!sentence.includes('{')) return []
      const parts = sentence.split(PLACE)
      const fixed = parts.filter((_, at) => at % 2 === 0)
      const length = fixed.join('').length
      const values = length < LEAST ? null : valuesOf(text, fixed)
      return values === null
        ? []
        : [{ length, translation, names: parts.filter((_, at) => at % 2 === 1), values }]
    })
    .toSorted((one, other) => other.length - one.length)[0]
  if (found === undefined) return undefined
  const { translation, names, values } = found
  return translation
    .split(PLACE)
    .map((part, at) => (at % 2 === 0 ? part : valueOf(part)))
    .join('')

  function valueOf(name: string): string {
    const value = values[names.indexOf(name)] ?? ''
    if (name === 'what') return words[value] ?? value
    return name === 'state' || name === 'status' ? (codes[value] ?? value) : value
  }
}

/** What stands in the places of a sentence; null: the text is not that sentence. */
function valuesOf(text: string, [first = '', ...rest]: string[]): string[] | null {
  if (!text.startsWith(first)) return null
  const values: string[] = []
  let at = first.length
  for (const [index, part] of rest.entries()) {
    const isLast = index === rest.length - 1
    const next = isLast ? text.length - part.length : text.indexOf(part, at)
    if (next < at || (isLast && !text.endsWith(part))) return null
    values.push(text.slice(at, next))
    at = next + part.length
  }
  return values
}
