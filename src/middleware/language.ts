import type { FastifyRequest } from 'fastify'
import { LANGUAGE_COOKIE, LANGUAGES, type Language } from '../../shared/languages.ts'

const known = (asked: string | undefined): Language | undefined => LANGUAGES.find((one) => one === asked)

/** The language of the pages: what the browser remembers, else what it likes best of what there is, else English. */
export function languageOf({ cookies, headers }: Pick<FastifyRequest, 'cookies' | 'headers'>): Language {
  return known(cookies[LANGUAGE_COOKIE]) ?? liked(headers['accept-language'] ?? '') ?? LANGUAGES[0]
}

/** `de-AT,de;q=0.9,en;q=0.8` by RFC 9110, 12.5.4; what is written first counts first among equals. */
function liked(accepted: string): Language | undefined {
  return accepted
    .split(',')
    .map((one) => {
      const [range = '', ...parameters] = one.split(';').map((part) => part.trim())
      const quality = parameters.find((part) => part.startsWith('q='))?.slice(2)
      return { language: known(range.toLowerCase().split('-')[0]), weight: Number(quality ?? 1) }
    })
    .filter(({ language, weight }) => language !== undefined && weight > 0)
    .toSorted((one, other) => other.weight - one.weight)[0]?.language
}
