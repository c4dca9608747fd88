import { SaxesParser } from 'saxes'
import { escaped } from '../../lib/xml.ts'

/** An element, read by its namespace: which prefix a server writes is its own affair. */
export type Node = { ns: string; name: string; attrs: Record<string, string>; children: Node[]; text: string }

export const NS = {
  epp: 'urn:ietf:params:xml:ns:epp-1.0',
  domain: 'urn:ietf:params:xml:ns:domain-1.0',
  host: 'urn:ietf:params:xml:ns:host-1.0',
  contact: 'urn:ietf:params:xml:ns:contact-1.0',
  secDns: 'urn:ietf:params:xml:ns:secDNS-1.1',
  rgp: 'urn:ietf:params:xml:ns:rgp-1.0',
  fee: 'urn:ietf:params:xml:ns:epp:fee-1.0',
  loginSec: 'urn:ietf:params:xml:ns:epp:loginSec-1.0',
  balance: 'http://www.verisign.com/epp/balance-1.0',
  lowBalance: 'http://www.verisign.com/epp/lowbalance-poll-1.0',
} as const

const MAX_DEPTH = 60

/** Reads a document into a tree. A document type is refused: nothing in EPP has one. @throws Error for what is no XML */
export function parseXml(text: string): Node {
  const parser = new SaxesParser({ xmlns: true })
  const open: Node[] = []
  let root: Node | undefined
  parser.on('doctype', () => {
    throw new Error('a document type is not accepted')
  })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => {
    if (open.length >= MAX_DEPTH) throw new Error('it is nested too deeply')
    const attrs = Object.fromEntries(Object.values(tag.attributes).map(({ local, value }) => [local, value]))
    const node: Node = { ns: tag.uri, name: tag.local, attrs, children: [], text: '' }
    open.at(-1)?.children.push(node)
    root ??= node
    open.push(node)
  })
  const write = (more: string): void => {
    const node = open.at(-1)
    if (node) node.text += more
  }
  parser.on('text', write)
  parser.on('cdata', write)
  parser.on('closetag', () => void open.pop())
  parser.write(text).close()
  if (!root) throw new Error('it is empty')
  return root
}

/** The children of that name. */
export const all = (node: Node | undefined, ns: string, name: string): Node[] =>
  node?.children.filter((child) => child.ns === ns && child.name === name) ?? []
export const one = (node: Node | undefined, ns: string, ...path: string[]): Node | undefined =>
  path.reduce<Node | undefined>((at, name) => all(at, ns, name)[0], node)
export const textOf = (node: Node | undefined): string | null => node?.text.trim() || null
export const dateOf = (node: Node | undefined): Date | null => {
  const at = new Date(textOf(node) ?? '')
  return Number.isNaN(at.getTime()) ? null : at
}

/** XML that was written here; everything else that goes into `xml` is escaped. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
type Part = string | number | Markup | readonly Markup[] | null

/** `` xml`<name>${text}</name>` ``: texts are escaped, other markup is put in as it is, null is nothing. */
export const xml = (strings: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(
    strings
      .map((string, at) => {
        const part = parts[at] ?? null
        if (part === null) return string
        if (part instanceof Markup) return string + part.text
        if (typeof part === 'string' || typeof part === 'number') return string + escaped(String(part))
        return string + part.map(({ text }) => text).join('')
      })
      .join(''),
  )
