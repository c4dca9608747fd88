/** The languages that the pages are built in; the first is what the texts in the sources are written in. */
export const LANGUAGES = ['en', 'de'] as const
export type Language = (typeof LANGUAGES)[number]

/** The cookie by which a browser remembers its choice. */
export const LANGUAGE_COOKIE = 'mpanel_language'

/** `index.de.html`: the page of a language, beside the English `index.html`. */
export const pageOf = (language: Language): string =>
  language === 'en' ? 'index.html' : `index.${language}.html`
