/** What the server says of jobs; in the build of a further language the catalogue stands here. */
export const WORDS: Readonly<Record<string, string>> = {}
