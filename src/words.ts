import { readdirSync, readFileSync } from 'node:fs'
import { LANGUAGES, type Language } from '../shared/languages.ts'
import type { t as tagged } from '../shared/text.ts'
import { decimalOf, exponentOf, moneyOf, type Money } from './lib/money.ts'
import { localDate } from './lib/period.ts'

/** How one language says what the server says by itself: see docs/translations.md. */
export type Words = {
  /** As BCP 47 has it, such as `de-AT`. */
  tag: string
  /** Marks a text: t`Invoice ${number}`. */
  t: typeof tagged
  /** `1 month`, `3 months` */
  count: (amount: number, one: string, many: string) => string
  number: (value: number) => string
  money: (of: Money) => string
  /** Of a calendar date `YYYY-MM-DD`. */
  date: (day: string) => string
  /** To the minute, with the name of the time zone. */
  time: (at: Date) => string
}

/** A translation in pieces: words, and which value of the text comes there. */
type Sentence = (string | number)[]

const PLACES = /\{(\w+)\}/g
/** Texts are looked up by their words alone: the names of values are not known while the server runs. */
export const shapeOf = (text: string): string => text.replaceAll(PLACES, '{}')

function sentenceOf(text: string, translation: string): Sentence {
  const names = [...text.matchAll(PLACES)].map(([, name]) => name)
  return translation.split(PLACES).map((part, at) => (at % 2 === 0 ? part : names.indexOf(part)))
}

function catalogueOf(language: Language): Map<string, Sentence> {
  const folder = new URL(`locales/${language}/`, import.meta.url)
  const texts = readdirSync(folder).flatMap((file) =>
    Object.entries(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Record<string, string>),
  )
  return new Map(texts.map(([text, translation]) => [shapeOf(text), sentenceOf(text, translation)]))
}

const CATALOGUES = new Map(LANGUAGES.slice(1).map((language) => [language, catalogueOf(language)]))

const languageOf = (tag: string): Language | undefined =>
  LANGUAGES.find((language) => language === tag.split('-')[0]?.toLowerCase())

/** The first of these that the server speaks, as it was wished for (`de-AT`); else English. */
export const spoken = (...wishes: readonly (string | null)[]): string =>
  wishes.find((wish) => wish !== null && languageOf(wish) !== undefined) ?? LANGUAGES[0]

/**
 * The words of a language, which the caller hands on: nobody remembers which is spoken.
 * @param tag one that `spoken` has chosen; any other is English
 * @param timeZone in which times are said
 */
export function wordsIn(tag: string, timeZone = 'UTC'): Words {
  const language = languageOf(tag) ?? LANGUAGES[0]
  const forms = language === 'en' ? english(timeZone) : formsOf(tag, timeZone)
  return {
    tag,
    ...forms,
    t: textIn(CATALOGUES.get(language)),
    count: (amount, one, many) => `${forms.number(amount)} ${amount === 1 ? one : many}`,
  }
}

const textIn =
  (catalogue: Map<string, Sentence> | undefined): Words['t'] =>
  (words, ...values) => {
    const sentence = catalogue?.get(words.join('{}'))
    if (sentence === undefined) return String.raw({ raw: words }, ...values)
    return sentence.map((part) => (typeof part === 'number' ? values[part] : part)).join('')
  }

type Forms = Pick<Words, 'number' | 'money' | 'date' | 'time'>

/** English is read by people of all countries: its dates and amounts are those that nobody can misread. */
const english = (timeZone: string): Forms => ({
  number: String,
  money: moneyOf,
  date: (day) => day,
  time: (at) => `${localDate(at, timeZone)} ${clockIn('en-GB', timeZone).format(at)}`,
})

const clockIn = (tag: string, timeZone: string, date: Intl.DateTimeFormatOptions = {}) =>
  new Intl.DateTimeFormat(tag, {
    ...date,
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  })

const DAY = { day: '2-digit', month: '2-digit', year: 'numeric' } as const

function formsOf(tag: string, timeZone: string): Forms {
  const days = new Intl.DateTimeFormat(tag, { ...DAY, timeZone: 'UTC' })
  const numbers = new Intl.NumberFormat(tag, { maximumFractionDigits: 20 })
  return {
    number: (value) => numbers.format(value),
    money: ({ amount, currency }) => {
      const digits = exponentOf(currency)
      const style = { style: 'currency', currency } as const
      const form = { ...style, minimumFractionDigits: digits, maximumFractionDigits: digits }
      // As a decimal: an amount may be larger than a number is exact.
      const decimal = decimalOf(BigInt(amount), currency) as Intl.StringNumericLiteral
      return new Intl.NumberFormat(tag, form).format(decimal)
    },
    date: (day) => days.format(new Date(`${day}T00:00:00Z`)),
    time: (at) => clockIn(tag, timeZone, DAY).format(at),
  }
}
