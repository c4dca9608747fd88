import { expect, test } from 'vitest'
import { passwordFault } from '../../src/lib/passwordRules.ts'

const ADA = { email: 'ada.lovelace@example.com', name: 'Ada Lovelace' }

test.each([
  'short-pass',
  'x'.repeat(129),
  'password1234',
  'P4ssw0rd!2026',
  'QwertyQwerty1!',
  '123456789012',
  'aaaaaaaaaaaaaaaa',
  'abcabcabcabcabc',
  'ada.lovelace@example.com',
  'Lovelace-1815-Ada',
  'mPanel-Administrator-1',
  'SummerWinter2026!',
])('%s is refused', (password) => {
  expect(passwordFault(password, ADA)).toBeTypeOf('string')
})

test.each([
  ['a used one', 'chickenwing101', 'most used'],
  ['a keyboard walk', '1qaz2wsx3edc4rfv', 'most used'],
  ['digits behind it', 'Chickenwing101!!!', 'most used'],
  ['digits around it', '99-gfhjkmgfhjkm-00', 'most used'],
  ['letters as digits', 'C0unterstr1ke2024', 'most used'],
  ['one written twice', 'metallicametallica', 'most used'],
  ['the e-mail within', 'x9-ada.lovelace@example.com-horse', 'your e-mail'],
  ['a name within', 'battery-lovelace-gull-orbit', 'your name'],
  ['the product within', 'battery-MPanel-gull-orbit', 'mpanel'],
])('%s: %s is refused, and told why', (_, password, why) => {
  expect(passwordFault(password, ADA)).toContain(why)
})

test('a word of three letters of the own name may be within others', () => {
  expect(passwordFault('canada-horse-orbit', ADA)).toBeUndefined()
})

test.each(['correct-horse-battery', 'zJ8-Yk2_qPw4vT', 'виноград на крыше дома', 'a long example password'])(
  '%s is taken',
  (password) => {
    expect(passwordFault(password, ADA)).toBeUndefined()
  },
)

test('a password of the greatest length is judged at once', () => {
  expect(passwordFault('password'.repeat(16), ADA)).toBeTypeOf('string')
})
