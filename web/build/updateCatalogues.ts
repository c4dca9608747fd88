// `npm run texts`: brings the catalogues up to what the pages say. New texts come with an empty translation, those that
// are gone go, and what moved to another area takes its translation along.
import { LANGUAGES } from '../../shared/languages.ts'
import { readCatalogue, textsByArea, writeCatalogue, type Words } from './catalogue.ts'

const areas = textsByArea()
for (const language of LANGUAGES.slice(1)) {
  const { texts: before, dictionaries } = readCatalogue(language)
  const known: Words = Object.fromEntries(
    Object.values(before).flatMap((words) =>
      Object.entries(words).filter(([, translation]) => translation !== ''),
    ),
  )
  const after = Object.fromEntries(
    Object.entries(areas).map(([area, texts]) => [
      area,
      Object.fromEntries(Object.keys(texts).map((text) => [text, known[text] ?? ''])),
    ]),
  )
  writeCatalogue(language, { ...after, ...dictionaries })
  const missing = Object.values(after).flatMap((words) =>
    Object.keys(words).filter((text) => words[text] === ''),
  )
  console.log(`${language}: ${missing.length} texts have no translation`)
}
