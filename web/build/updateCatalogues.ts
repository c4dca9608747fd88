// `npm run texts`: brings the catalogues up to what pages and server say. New texts come with an empty translation, those
// that are gone go, and what moved to another area takes its translation along.
import { LANGUAGES } from '../../shared/languages.ts'
import { PAGES, readCatalogue, SERVER, textsByArea, writeCatalogue, type Words } from './catalogue.ts'

for (const speaker of [PAGES, SERVER]) {
  const areas = textsByArea(speaker)
  for (const language of LANGUAGES.slice(1)) {
    const { texts: before, dictionaries } = readCatalogue(speaker, language)
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
    writeCatalogue(speaker, language, { ...after, ...dictionaries })
    const missing = Object.values(after).flatMap((words) =>
      Object.keys(words).filter((text) => words[text] === ''),
    )
    console.log(`${speaker.folder}/${language}: ${missing.length} texts have no translation`)
  }
}
