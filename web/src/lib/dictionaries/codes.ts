/** The words of codes that are not their own; in the build of a further language the catalogue stands here. */
export const WORDS: Readonly<Record<string, string>> = { en: 'English', de: 'German' }
