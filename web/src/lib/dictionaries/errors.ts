/** What the API says of errors, and by what code; in the build of a further language the catalogue stands here. */
export const WORDS: Readonly<Record<string, string>> = {}
