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

test.each(['correct-horse-battery', 'zJ8-Yk2_qPw4vT', 'виноград на крыше дома', 'a long example password'])(
  '%s is taken',
  (password) => {
    expect(passwordFault(password, ADA)).toBeUndefined()
  },
)

test('a password of the greatest length is judged at once', () => {
  expect(passwordFault('password'.repeat(16), ADA)).toBeTypeOf('string')
})
