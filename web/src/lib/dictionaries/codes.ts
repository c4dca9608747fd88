/** The words of codes, such as states, in a further language: in its build the catalogue stands here. */
export const WORDS: Readonly<Record<string, string>> = {}
