/**
 * Marks a text that people read: t`Delete ${name}`. In English it is what it says; the pages are built once for each
 * further language, with its words from the catalogue in their place. Values should be names and numbers, whole
 * sentences belong together, and two texts of one English wording have one translation.
 */
export const t = (words: TemplateStringsArray, ...values: (string | number)[]): string =>
  String.raw({ raw: words }, ...values)
