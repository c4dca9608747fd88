import type { Plugin } from 'vite'
import { pageOf, type Language } from '../../shared/languages.ts'
import { PAGES, readCatalogue, type Words } from './catalogue.ts'
import { textsOf } from './texts.ts'

/** Writes the texts of the pages in another language while they are built: nothing is looked up in the browser. */
export function translated(language: Language): Plugin {
  const { texts: areas, dictionaries } = readCatalogue(PAGES, language)
  const texts: Words = Object.assign({}, ...Object.values(areas))
  // Reasons that server and pages share come as errors, too.
  const reasons = Object.entries(areas['shared'] ?? {}).filter(([text]) => text.endsWith('.'))
  dictionaries['errors'] = { ...Object.fromEntries(reasons), ...dictionaries['errors'] }
  return {
    name: 'translated',
    enforce: 'pre',
    transform: {
      filter: { id: /\/(web\/src|shared)\/.*\.tsx?$/ },
      handler: (code, id) => {
        const dictionary = dictionaries[/\/lib\/dictionaries\/(\w+)\.ts$/.exec(id)?.[1] ?? '']
        return {
          code: dictionary
            ? `export const WORDS = ${JSON.stringify(dictionary)}`
            : translate(id, code, texts),
          map: null,
        }
      },
    },
    transformIndexHtml: (html) => html.replace('<html lang="en">', `<html lang="${language}">`),
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const page = bundle['index.html']
        if (page) page.fileName = pageOf(language)
      },
    },
  }
}

/** A source with the translations of a catalogue; a text that it does not have stays English. */
export function translate(file: string, source: string, texts: Words): string {
  const found = textsOf(file, source)
  const write = ({ start, end }: { start: number; end: number }): string => {
    let out = ''
    let from = start
    for (const text of found) {
      const translation = texts[text.key]
      // A text within one that was just written was written by it.
      if (text.start < from || text.end > end || !translation) continue
      out += source.slice(from, text.start) + text.write(translation, write)
      from = text.end
    }
    return out + source.slice(from, end)
  }
  return write({ start: 0, end: source.length })
}
