import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Language } from '../../shared/languages.ts'
import { textsOf } from './texts.ts'

/** From the English text, or for a code from the code, to its translation; '' where there is none yet. */
export type Words = Record<string, string>
/** The words of a language by the area that they are in: each is a file of the language's folder. */
export type Catalogue = Record<string, Words>

/** Who speaks: the pages, into which words are built, or the server, which looks them up. */
export type Speaker = {
  /** Has a folder for each language. */
  folder: string
  /** What is searched for texts. */
  files: string
  areaOf: (file: string) => string
  /** Words that no text has: of states and other codes, of the actions of the audit log, of the errors of the API, and of jobs. */
  dictionaries: readonly string[]
}

/** The area of texts which several areas have. */
const COMMON = 'common'

export const PAGES: Speaker = {
  folder: 'web/locales',
  files: '{web/src,shared}/**/*.{ts,tsx}',
  areaOf: (file) =>
    file.startsWith('shared/') ? 'shared' : (/^web\/src\/pages\/(\w+)\//.exec(file)?.[1] ?? COMMON),
  dictionaries: ['codes', 'actions', 'errors', 'jobs'],
}
export const SERVER: Speaker = {
  folder: 'src/locales',
  files: 'src/**/*.ts',
  areaOf: (file) => /^src\/services\/(\w+)\//.exec(file)?.[1] ?? COMMON,
  dictionaries: [],
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export function readCatalogue(
  { folder, dictionaries }: Speaker,
  language: Language,
): { texts: Catalogue; dictionaries: Catalogue } {
  const place = join(ROOT, folder, language)
  const read = (names: readonly string[]): Catalogue =>
    Object.fromEntries(
      names.map((name) => [name, JSON.parse(readFileSync(join(place, `${name}.json`), 'utf8'))]),
    )
  const names = existsSync(place) ? readdirSync(place).map((file) => file.replace('.json', '')) : []
  return {
    texts: read(names.filter((name) => !dictionaries.includes(name))),
    dictionaries: read(dictionaries),
  }
}

export function writeCatalogue(speaker: Speaker, language: Language, catalogue: Catalogue): void {
  const folder = join(ROOT, speaker.folder, language)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [area, words] of Object.entries(catalogue)) {
    const sorted = Object.fromEntries(
      Object.entries(words).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    )
    writeFileSync(join(folder, `${area}.json`), `${JSON.stringify(sorted, null, 2)}\n`)
  }
}

/** All texts of a speaker, each in its area, with the files that have it. */
export function textsByArea({ files, areaOf }: Speaker): Record<string, Record<string, string[]>> {
  const places = new Map<string, Set<string>>()
  for (const file of globSync(files, { cwd: ROOT }))
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
