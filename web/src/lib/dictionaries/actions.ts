/** The words of the actions of the audit log in a further language: in its build the catalogue stands here. */
export const WORDS: Readonly<Record<string, string>> = {}
