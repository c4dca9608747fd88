// `npm run texts`: brings the catalogues up to what the pages say. New texts come with an empty translation, those that
// are gone go, and what moved to another area takes its translation along.
import { LANGUAGES } from '../shared/languages.ts'
import { CODES, readCatalogue, textsByArea, writeCatalogue, type Words } from './translation/catalogue.ts'

const areas = textsByArea()
for (const language of LANGUAGES.slice(1)) {
  const { [CODES]: codes = {}, ...before } = readCatalogue(language)
  const known: Words = Object.assign({}, ...Object.values(before))
  const after = Object.fromEntries(
    Object.entries(areas).map(([area, texts]) => [
      area,
      Object.fromEntries(Object.keys(texts).map((text) => [text, known[text] ?? ''])),
    ]),
  )
  writeCatalogue(language, { ...after, [CODES]: codes })
  const missing = Object.values(after).flatMap((words) =>
    Object.keys(words).filter((text) => words[text] === ''),
  )
  console.log(`${language}: ${missing.length} texts have no translation`)
}
