import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobWords } from '../../web/src/lib/jobWords.ts'
import { ROOT } from '../rules/tree.ts'

const read = (name: string): Record<string, string> =>
  JSON.parse(readFileSync(join(ROOT, `web/locales/de/${name}.json`), 'utf8')) as Record<string, string>
const [words, codes] = [read('jobs'), read('codes')]
const said = (text: string): string => jobWords(text, words, codes)

it('steps, what is done and why it waits are said in the language of the page', () => {
  expect(said('Making the guest')).toBe('Den Gast anlegen')
  expect(said('Reading the invoices')).toBe('Lesen: invoices')
  expect(said('cloning disk, 37 %')).toBe('Festplatte kopieren, 37 %')
  expect(said('guest 104 is still moving')).toBe('Gast 104 wird noch verschoben')
  expect(said('undoing Making the guest: guest 104 is still moving')).toBe(
    'Den Gast anlegen rückgängig machen: Gast 104 wird noch verschoben',
  )
})

it('what Proxmox and others have said stays in their words, behind ours', () => {
  expect(said("backing up: unable to lock VM 104: can't lock file")).toBe(
    "sichern: unable to lock VM 104: can't lock file",
  )
  expect(said('unexpected status')).toBe('unexpected status')
  expect(said('')).toBe('')
})
