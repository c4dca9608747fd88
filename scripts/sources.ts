// Reads TypeScript files into the few facts that the rules of this folder ask for.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'vite'

export type Source = {
  /** From the root, with `/`. */
  file: string
  lines: number
  imports: { file: string; isType: boolean }[]
  functions: { name: string; lines: number }[]
  /** Its regular expressions. */
  patterns: { pattern: string; flags: string; line: number }[]
  readsEnvironment: boolean
  isGenerated: boolean
}

type Node = { type: string; start: number; end: number; [key: string]: unknown }

export function readSources(root: string, folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    listFiles(root, folder, /\.(ts|tsx|mjs)$/).map((file) =>
      readSource(file, readFileSync(join(root, file), 'utf8')),
    ),
  )
}

export function listFiles(root: string, folder: string, pattern: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = posix.join(folder, entry.name)
    if (entry.isDirectory())
      return ['node_modules', 'dist'].includes(entry.name) ? [] : listFiles(root, file, pattern)
    return pattern.test(entry.name) ? [file] : []
  })
}

function readSource(file: string, text: string): Source {
  const { program, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  const source: Source = {
    file,
    lines: lineOf(text.trimEnd().length),
    imports: [],
    functions: [],
    patterns: [],
    readsEnvironment: false,
    isGenerated: /^\/\/ Generated\b/.test(text),
  }
  visit(program, (node, parent) => {
    const path = valueOf(node.source)
    if (path?.startsWith('.')) {
      const isType = [node.importKind, node.exportKind].includes('type') || node.type === 'TSImportType'
      source.imports.push({ file: posix.join(posix.dirname(file), path), isType })
    }
    if (/Function(Expression|Declaration)$/.test(node.type)) {
      const lines = lineOf(node.end) - lineOf(node.start) + 1
      source.functions.push({ name: nameOf(node) ?? nameOf(parent) ?? 'a function', lines })
    }
    const regex = node.regex as { pattern: string; flags: string } | undefined
    if (node.type === 'Literal' && regex) source.patterns.push({ ...regex, line: lineOf(node.start) })
    if (node.type === 'MemberExpression' && text.slice(node.start, node.end) === 'process.env')
      source.readsEnvironment = true
  })
  return source
}

function visit(node: unknown, look: (node: Node, parent: Node) => void, parent?: Node): void {
  if (Array.isArray(node)) for (const child of node) visit(child, look, parent)
  else if (isNode(node)) {
    look(node, parent ?? node)
    for (const child of Object.values(node)) if (typeof child === 'object') visit(child, look, node)
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value
const valueOf = (node: unknown) => (isNode(node) && typeof node.value === 'string' ? node.value : undefined)

function nameOf(node: Node): string | undefined {
  const name = isNode(node.id) ? node.id.name : isNode(node.key) ? node.key.name : undefined
  return typeof name === 'string' ? name : undefined
}
