import { parseSync, type ESTree } from 'vite'
import { arrange, keyOf, Names, type Part } from './sentences.ts'

/** One text of the pages: its English, which is its key in a catalogue, and where it stands in a file. */
export type Text = {
  /** `Delete the backup of {at}`; an element within a sentence is `<b>…</b>`, one without words `{Time}`. */
  key: string
  start: number
  end: number
  /** The source that says `translation` instead; `source` gives the source of a part, translated itself. */
  write: (translation: string, source: (part: Range) => string) => string
}
type Range = { start: number; end: number }
type Node = ESTree.Node

/** Attributes that people read. Every other text outside of the words between tags is marked with the tag `t`. */
const READ = new Set([
  'alt',
  'aria-label',
  'aria-roledescription',
  'description',
  'effect',
  'hint',
  'keyHint',
  'label',
  'placeholder',
  'secretHint',
  'submitLabel',
  'title',
  'tokenHint',
  'what',
])
/** What stands in these is typed or shown as it is. */
const VERBATIM = new Set(['code', 'kbd', 'pre', 'samp', 'style'])

/** The texts of a TypeScript file in the order of their beginnings; a text within another follows it. */
export function textsOf(file: string, source: string): Text[] {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`)
  const texts: Text[] = []
  visit(program, source, texts)
  return texts.toSorted((one, other) => one.start - other.start || other.end - one.end)
}

function visit(node: Node, source: string, texts: Text[]): void {
  if (node.type === 'TaggedTemplateExpression' && source.slice(node.tag.start, node.tag.end) === 't')
    texts.push(templateText(node, source))
  else if (node.type === 'JSXAttribute') {
    const text = attributeText(node)
    if (text) texts.push(text)
  } else if (node.type === 'JSXElement' || node.type === 'JSXFragment') {
    const inner = innerText(node, source)
    if (inner) {
      texts.push(inner.text)
      for (const one of inner.elements) visitAround(one, source, texts)
      for (const one of inner.places) visit(one, source, texts)
      visitAround(node, source, texts)
      return
    }
  }
  visitChildren(node, source, texts)
}

/** The attributes of an element whose words belong to a text that was found. */
function visitAround(node: ESTree.JSXElement | ESTree.JSXFragment, source: string, texts: Text[]): void {
  if (node.type === 'JSXElement') visit(node.openingElement, source, texts)
}

function visitChildren(node: Node, source: string, texts: Text[]): void {
  for (const [key, value] of Object.entries(node)) {
    if (key === 'parent') continue
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, source, texts)
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Without a letter there is nothing to translate. */
const isSaid = (words: string): boolean => /\p{L}/u.test(words)

function attributeText({ name, value }: ESTree.JSXAttribute): Text | undefined {
  if (name.type !== 'JSXIdentifier' || !READ.has(name.name)) return undefined
  if (value?.type !== 'Literal' || typeof value.value !== 'string' || !isSaid(value.value)) return undefined
  return { key: value.value, start: value.start, end: value.end, write: inBraces }
}

const inBraces = (words: string): string => `{${JSON.stringify(words)}}`

function templateText({ start, end, quasi }: ESTree.TaggedTemplateExpression, source: string): Text {
  const names = new Names(source)
  const parts = quasi.quasis.flatMap(({ value }, index): Part[] => {
    const expression = quasi.expressions[index]
    return [
      { words: value.cooked ?? '' },
      ...(expression ? [{ place: names.of(expression), at: expression }] : []),
    ]
  })
  const write: Text['write'] = (translation, code) =>
    `\`${arrange(parts, translation, {
      words: (words) => words.replaceAll(/[\\`$]/g, '\\$&'),
      place: (at) => `\${${code(at)}}`,
      tag: () => '',
    })}\``
  return { key: keyOf(parts), start, end, write }
}

type Inner = { text: Text; elements: ESTree.JSXElement[]; places: Node[] }

/** The words between the tags of an element that has words of its own, from the first to the last that says something. */
function innerText(node: ESTree.JSXElement | ESTree.JSXFragment, source: string): Inner | undefined {
  if (!node.children.some((child) => isSaid(wordsOf(child) ?? '')) || isVerbatim(node)) return undefined
  const first = node.children.findIndex(belongs)
  const last = node.children.findLastIndex(belongs)
  const inner = node.children.slice(first, last + 1)
  const found = { elements: [] as ESTree.JSXElement[], places: [] as Node[] }
  const parts = trimmed(partsOf(inner, new Names(source), found))
  const [start, end] = [inner[0]?.start ?? 0, inner.at(-1)?.end ?? 0]
  // Space at the ends may part the words from what stands beside them.
  const [before, after] = [wordsOf(inner[0]), wordsOf(inner.at(-1))]
  const lead = before?.startsWith(' ') ? `{' '}` : ''
  const trail = after?.endsWith(' ') ? `{' '}` : ''
  const write: Text['write'] = (translation, code) =>
    `${lead}${arrange(parts, translation, {
      words: inBraces,
      place: code,
      tag: code,
    })}${trail}`
  const outside = node.children.filter((_child, index) => index < first || index > last)
  return {
    text: { key: keyOf(parts), start, end, write },
    elements: found.elements,
    places: [...found.places, ...outside],
  }
}

/** Icons, blocks and what may be absent are no part of a sentence that they stand before or after. */
function belongs(child: ESTree.JSXChild): boolean {
  const words = wordsOf(child)
  if (words !== undefined) return words.trim() !== ''
  if (child.type === 'JSXElement') return !isIconOrBlock(child)
  if (child.type !== 'JSXExpressionContainer') return false
  return !['LogicalExpression', 'JSXEmptyExpression'].includes(child.expression.type)
}

const BLOCKS = new Set(['br', 'div', 'dl', 'input', 'ol', 'p', 'select', 'table', 'ul'])

const isIconOrBlock = ({ openingElement: { name, attributes } }: ESTree.JSXElement): boolean =>
  name.type !== 'JSXIdentifier' ||
  BLOCKS.has(name.name) ||
  attributes.some((one) => one.type === 'JSXAttribute' && one.name.name === 'aria-hidden')

function partsOf(
  children: ESTree.JSXChild[],
  names: Names,
  found: { elements: ESTree.JSXElement[]; places: Node[] },
): Part[] {
  return children.flatMap((child): Part[] => {
    const words = wordsOf(child)
    if (words !== undefined) return words === '' ? [] : [{ words }]
    if (child.type === 'JSXExpressionContainer') {
      if (child.expression.type === 'JSXEmptyExpression') return []
      found.places.push(child)
      return [{ place: names.of(child.expression), at: child }]
    }
    const hasWords =
      child.type === 'JSXElement' &&
      !isVerbatim(child) &&
      child.children.some((one) => isSaid(wordsOf(one) ?? ''))
    if (!hasWords || !child.closingElement) {
      found.places.push(child)
      return [{ place: names.of(child), at: child }]
    }
    found.elements.push(child)
    const parts = partsOf(child.children, names, found)
    return [{ element: names.of(child), open: child.openingElement, close: child.closingElement, parts }]
  })
}

function trimmed(parts: Part[]): Part[] {
  const [first, last] = [parts[0], parts.at(-1)]
  if (first && 'words' in first) first.words = first.words.trimStart()
  if (last && 'words' in last) last.words = last.words.trimEnd()
  return parts
}

/** The words of a child as React shows them: the ends of lines and what begins them are no space. */
function wordsOf(child: ESTree.JSXChild | undefined): string | undefined {
  if (child?.type === 'JSXExpressionContainer' && child.expression.type === 'Literal')
    return typeof child.expression.value === 'string' ? child.expression.value : undefined
  if (child?.type !== 'JSXText') return undefined
  const lines = child.value.split('\n')
  return lines
    .map((line, index) => {
      const end = index < lines.length - 1 ? line.trimEnd() : line
      return index > 0 ? end.trimStart() : end
    })
    .filter((line) => line !== '')
    .join(' ')
}

const isVerbatim = (node: ESTree.JSXElement | ESTree.JSXFragment): boolean =>
  node.type === 'JSXElement' &&
  node.openingElement.name.type === 'JSXIdentifier' &&
  VERBATIM.has(node.openingElement.name.name)
