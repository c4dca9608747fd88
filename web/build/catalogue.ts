import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Language } from '../../shared/languages.ts'
import { textsOf } from './texts.ts'

/** From the English text, or for a code from the code, to its translation; '' where there is none yet. */
export type Words = Record<string, string>
/** The words of a language by the area of the pages that they are in: each is a file of `web/locales/<language>/`. */
export type Catalogue = Record<string, Words>

/** Words that no text has: of states and other codes, and of the actions of the audit log. */
const DICTIONARIES = ['codes', 'actions']
/** That of texts which several areas have. */
const COMMON = 'common'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const folderOf = (language: Language): string => join(ROOT, 'web/locales', language)

export function readCatalogue(language: Language): { texts: Catalogue; dictionaries: Catalogue } {
  const read = (names: readonly string[]): Catalogue =>
    Object.fromEntries(
      names.map((name) => [name, JSON.parse(readFileSync(join(folderOf(language), `${name}.json`), 'utf8'))]),
    )
  const names = readdirSync(folderOf(language)).map((file) => file.replace('.json', ''))
  return {
    texts: read(names.filter((name) => !DICTIONARIES.includes(name))),
    dictionaries: read(DICTIONARIES),
  }
}

export function writeCatalogue(language: Language, catalogue: Catalogue): void {
  const folder = folderOf(language)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [area, words] of Object.entries(catalogue)) {
    const sorted = Object.fromEntries(
      Object.entries(words).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    )
    writeFileSync(join(folder, `${area}.json`), `${JSON.stringify(sorted, null, 2)}\n`)
  }
}

/** The texts of all pages, each in its area, with the files that have it. */
export function textsByArea(): Record<string, Record<string, string[]>> {
  const places = new Map<string, Set<string>>()
  for (const file of globSync('{web/src,shared}/**/*.{ts,tsx}', { cwd: ROOT }))
    for (const { key } of textsOf(file, readFileSync(join(ROOT, file), 'utf8')))
      places.set(key, (places.get(key) ?? new Set()).add(file))
  const areas: Record<string, Record<string, string[]>> = {}
  for (const [key, where] of places) {
    const among = new Set([...where].map(areaOf))
    const area = among.size === 1 ? [...among][0] : undefined
    ;(areas[area ?? COMMON] ??= {})[key] = [...where]
  }
  return areas
}

const areaOf = (file: string): string =>
  file.startsWith('shared/') ? 'shared' : (/^web\/src\/pages\/(\w+)\//.exec(file)?.[1] ?? COMMON)
