import type { ESTree } from 'vite'

type Range = { start: number; end: number }
type Node = ESTree.Node

/** What a sentence consists of: words, places for values, and elements around a part of it. */
export type Part =
  | { words: string }
  | { place: string; at: Range }
  | { element: string; open: Range; close: Range; parts: Part[] }

/** `Kept: {invoices} invoices, <b>{due} due</b>`. */
export const keyOf = (parts: Part[]): string =>
  parts
    .map((part) =>
      'words' in part
        ? part.words
        : 'place' in part
          ? `{${part.place}}`
          : `<${part.element}>${keyOf(part.parts)}</${part.element}>`,
    )
    .join('')

const MARKS = /\{(\w+)\}|<(\/?)(\w+)>/g

/**
 * A translation as source code: its words by `words`, each place and tag by `code`, in the order of the translation.
 * @throws {RangeError} it has another set of places and tags than the sentence
 */
export function arrange(
  parts: Part[],
  translation: string,
  write: { words: (words: string) => string; place: (at: Range) => string; tag: (at: Range) => string },
): string {
  const marks = marksOf(parts)
  let out = ''
  let from = 0
  for (const { index, 0: mark } of translation.matchAll(MARKS)) {
    const at = marks.get(mark)
    if (!at) throw new RangeError(`There is no ${mark} in “${keyOf(parts)}”`)
    if (index > from) out += write.words(translation.slice(from, index))
    out += mark.startsWith('{') ? write.place(at) : write.tag(at)
    from = index + mark.length
  }
  if (from < translation.length) out += write.words(translation.slice(from))
  return out
}

/** The places and tags of a sentence, of which a translation has the same. */
export const marksIn = (sentence: string): string[] =>
  [...sentence.matchAll(MARKS)].map(([mark]) => mark).toSorted()

function marksOf(parts: Part[], marks = new Map<string, Range>()): Map<string, Range> {
  for (const part of parts) {
    if ('place' in part) marks.set(`{${part.place}}`, part.at)
    else if ('element' in part) {
      marks.set(`<${part.element}>`, part.open)
      marks.set(`</${part.element}>`, part.close)
      marksOf(part.parts, marks)
    }
  }
  return marks
}

/** Names for the places of one sentence: those of what stands there, made unique; the same value has one name. */
export class Names {
  readonly #taken = new Map<string, string>()
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  of(node: Node): string {
    const wish = wishFor(node)
    const code = `${wish} ${this.#source.slice(node.start, node.end)}`
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? wish : `${wish}${number}`
      const holder = this.#taken.get(name)
      if (holder !== undefined && holder !== code) continue
      this.#taken.set(name, code)
      return name
    }
  }
}

const FORMATS = /^(toLocaleString|toFixed|toString|join|trim|toLowerCase|toUpperCase)$/

function wishFor(node: Node): string {
  if (node.type === 'Identifier' || node.type === 'JSXIdentifier') return node.name
  if (node.type === 'MemberExpression') return wishFor(node.computed ? node.object : node.property)
  if (node.type === 'JSXMemberExpression') return node.property.name
  if (node.type === 'JSXElement') return wishFor(node.openingElement.name)
  if (node.type === 'LogicalExpression') return wishFor(node.left)
  if (
    node.type === 'ChainExpression' ||
    node.type === 'TSNonNullExpression' ||
    node.type === 'TSAsExpression'
  )
    return wishFor(node.expression)
  if (node.type === 'CallExpression') return wishFor(formatted(node) ?? node.arguments[0] ?? node.callee)
  return 'value'
}

/** `at` of `at.toLocaleString()`. */
const formatted = ({ callee }: ESTree.CallExpression): Node | undefined =>
  callee.type === 'MemberExpression' &&
  callee.property.type === 'Identifier' &&
  FORMATS.test(callee.property.name)
    ? callee.object
    : undefined
