/** The words of codes, such as states and actions, in a further language: in its build the catalogue stands here. */
export const CODES: Readonly<Record<string, string>> = {}
