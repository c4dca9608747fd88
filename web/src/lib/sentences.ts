/** From an English sentence of the server, with `{name}` in the place of each value, or from a code, to its translation. */
export type Words = Readonly<Record<string, string>>

/** What a sentence says without its values tells it from others only if there is enough of it. */
const LEAST = 8
const PLACE = /\{(\w+)\}/
/** Places of what the dictionary itself has words for, and of codes. */
const SAID = new Set(['what', 'doing', 'title', 'of', 'message'])
const CODED = new Set(['state', 'status', 'power', 'wanted'])

/** A text of the server in another language, by its sentence; undefined: it is not known. */
export function sentenceIn(text: string, words: Words, codes: Words): string | undefined {
  if (words[text] !== undefined) return words[text]
  const found = Object.entries(words)
    .flatMap(([sentence, translation]) => {
      if (!sentence.includes('{')) return []
      const parts = sentence.split(PLACE)
      const fixed = parts.filter((_, at) => at % 2 === 0)
      const length = fixed.join('').length
      const values = length < LEAST ? null : valuesOf(text, fixed)
      return values === null
        ? []
        : [{ length, translation, names: parts.filter((_, at) => at % 2 === 1), values }]
    })
    .toSorted((one, other) => other.length - one.length)[0]
  if (found === undefined) return undefined
  const { translation, names, values } = found
  return translation
    .split(PLACE)
    .map((part, at) => (at % 2 === 0 ? part : valueOf(part)))
    .join('')

  function valueOf(name: string): string {
    const value = values[names.indexOf(name)] ?? ''
    if (SAID.has(name)) return sentenceIn(value, words, codes) ?? value
    return CODED.has(name) ? (codes[value] ?? value) : value
  }
}

/** What stands in the places of a sentence; null: the text is not that sentence. */
function valuesOf(text: string, [first = '', ...rest]: string[]): string[] | null {
  if (!text.startsWith(first)) return null
  const values: string[] = []
  let at = first.length
  for (const [index, part] of rest.entries()) {
    const isLast = index === rest.length - 1
    const next = isLast ? text.length - part.length : text.indexOf(part, at)
    if (next < at || (isLast && !text.endsWith(part))) return null
    values.push(text.slice(at, next))
    at = next + part.length
  }
  return values
}
