import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatMoney, toMoney } from '../../src/lib/money.ts'

test.each([
  [499n, 'EUR', '4.99 EUR'],
  [0n, 'EUR', '0.00 EUR'],
  [5n, 'EUR', '0.05 EUR'],
  [-5n, 'EUR', '-0.05 EUR'],
  [-123_456n, 'USD', '-1234.56 USD'],
  [499n, 'JPY', '499 JPY'],
  [-1n, 'JPY', '-1 JPY'],
  [1_234n, 'KWD', '1.234 KWD'],
  [1n, 'BHD', '0.001 BHD'],
  [12_345n, 'CLF', '1.2345 CLF'],
  [9_007_199_254_740_993n, 'EUR', '90071992547409.93 EUR'],
])('%d minor units of %s are written as %s', (minor, currency, text) => {
  expect(formatMoney(minor, currency)).toBe(text)
})

test('no amount loses a unit on its way to text and back, however great it is', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
      fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF'),
      (minor, currency) => {
        const [digits] = formatMoney(minor, currency).split(' ')
        expect(BigInt((digits ?? '').replace('.', ''))).toBe(minor)
        expect(BigInt(toMoney(minor, currency).amount)).toBe(minor)
      },
    ),
  )
})
