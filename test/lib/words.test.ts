import { expect, test } from 'vitest'
import { spoken, wordsIn } from '../../src/words.ts'

const at = new Date('2027-01-31T23:05:00Z')
const SPACE = '\u00a0'

test('numbers, dates, times and money are said as the language and its country have it, in the time zone asked for', () => {
  const german = wordsIn('de', 'Europe/Berlin')
  expect([
    german.date('2027-01-31'),
    german.time(at),
    german.number(8.875),
    german.money({ amount: '-123456789', currency: 'EUR' }),
    german.money({ amount: '9007199254740993', currency: 'EUR' }),
    german.money({ amount: '500', currency: 'JPY' }),
    german.money({ amount: '1250', currency: 'KWD' }),
    german.count(1, 'Monat', 'Monate'),
    german.count(1200, 'Monat', 'Monate'),
    wordsIn('de-CH').money({ amount: '1234', currency: 'CHF' }),
  ]).toEqual([
    '31.01.2027',
    '01.02.2027, 00:05 MEZ',
    '8,875',
    `-1.234.567,89${SPACE}€`,
    `90.071.992.547.409,93${SPACE}€`,
    `500${SPACE}¥`,
    `1,250${SPACE}KWD`,
    '1 Monat',
    '1.200 Monate',
    `CHF${SPACE}12.34`,
  ])
})

test('English, which people of all countries read, has dates and amounts that nobody can misread', () => {
  const english = wordsIn('en-US')
  expect([
    english.date('2027-01-31'),
    english.time(at),
    wordsIn('en', 'Europe/Rome').time(at),
    english.money({ amount: '123456', currency: 'EUR' }),
    english.number(8.875),
  ]).toEqual(['2027-01-31', '2027-01-31 23:05 UTC', '2027-02-01 00:05 CET', '1234.56 EUR', '8.875'])
})

test('the first language that is spoken counts, in its country’s variety, and at last English', () => {
  expect(spoken('de-AT', 'en')).toBe('de-AT')
  expect(spoken('fr', 'de')).toBe('de')
  expect(spoken(null, 'de')).toBe('de')
  expect(spoken('fr', null)).toBe('en')
  // A language whose name only begins alike.
  expect(spoken('den', 'en')).toBe('en')
})

test('a text is found by its words, its values come where the translation has them, and one without translation is English', () => {
  const { t } = wordsIn('de-AT')
  const [total, invoice, reason] = ['5,00 €', 'INV-000001', 'zu {teuer}']
  expect(t`${total} of the invoice ${invoice} were taken back: ${reason}`).toBe(
    'Von der Rechnung INV-000001 wurden 5,00 € zurückgenommen: zu {teuer}',
  )
  expect(((of) => of`Nobody has translated ${invoice}.`)(t)).toBe('Nobody has translated INV-000001.')
  expect(((of) => of`Invoice`)(wordsIn('fr').t)).toBe('Invoice')
})
