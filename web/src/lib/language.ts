import { LANGUAGE_COOKIE, LANGUAGES, type Language } from '../../../shared/languages.ts'

/** That of this page, which the server chose: by the cookie, or else by what the browser asks for. */
export const language: Language = LANGUAGES.find((one) => one === document.documentElement.lang) ?? 'en'

/** For dates and numbers: the browser's own variety of the language, such as `en-GB`. */
export const locale = navigator.languages.find((one) => one.split('-')[0] === language) ?? language

/** Each by its own name: who looks for one may not read the present one. */
export const LANGUAGE_NAMES: readonly (readonly [Language, string])[] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
]

/** Remembered for a year by this browser; the page comes anew in that language. */
export function setLanguage(chosen: Language): void {
  document.cookie = `${LANGUAGE_COOKIE}=${chosen}; path=/; max-age=31536000; samesite=lax`
  location.reload()
}
