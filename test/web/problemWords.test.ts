import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { problemIn } from '../../web/src/lib/problemWords.ts'
import { ROOT } from '../rules/tree.ts'

const read = (name: string): Record<string, string> =>
  JSON.parse(readFileSync(join(ROOT, `web/locales/de/${name}.json`), 'utf8')) as Record<string, string>
const [words, codes] = [read('errors'), read('codes')]
const said = (code: string, detail?: string) =>
  problemIn({ code, ...(detail !== undefined && { detail }) }, words, codes).detail

it('a refusal is said in the language of the page, with its values in their places', () => {
  expect(said('precondition_failed', 'It was changed meanwhile. Load it again and repeat your change.')).toBe(
    'Es wurde unterdessen geändert. Laden Sie es neu und wiederholen Sie Ihre Änderung.',
  )
  expect(said('conflict', 'The customer pays in EUR, not USD.')).toBe('Der Kunde zahlt in EUR, nicht in USD.')
  expect(said('not_found', 'No such customer.')).toBe('Nicht gefunden: Kunde.')
  // The more special of two sentences that fit.
  expect(said('not_found', 'No such zone.')).toBe('Diese Zone gibt es nicht.')
})

it('what has no translation is said by its code, with the sentence of the API behind it', () => {
  expect(said('quota_exceeded', 'Something new.')).toBe(
    'Das Kontingent des Mandanten reicht nicht (Something new.)',
  )
  expect(said('internal')).toBe('Bei uns ist etwas schiefgegangen.')
  expect(said('no_such_code', 'Something new.')).toBe('Something new.')
})

it('states within a sentence are spelled out, and names are left as they are', () => {
  const texts = { 'The thing {name} is {state} now.': 'Das Ding {name} ist jetzt {state}.' }
  const problem = { code: 'x', detail: 'The thing active is active now.' }
  expect(problemIn(problem, texts, { active: 'aktiv' }).detail).toBe('Das Ding active ist jetzt aktiv.')
})

it('faulty fields are said in the language, too, and all else of the answer stays', () => {
  const errors = [
    { path: 'a', message: 'The input is not valid.' },
    { path: 'b', message: 'is new' },
  ]
  expect(problemIn({ code: 'invalid_input', requestId: 'r', errors }, words, codes)).toEqual({
    code: 'invalid_input',
    requestId: 'r',
    detail: 'Die Eingabe ist nicht gültig.',
    errors: [
      { path: 'a', message: 'Die Eingabe ist nicht gültig.' },
      { path: 'b', message: 'is new' },
    ],
  })
})
