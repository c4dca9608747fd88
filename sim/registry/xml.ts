import { SaxesParser } from 'saxes'

/** The registry's own reader of documents: it shares nothing with the client that is tested with it. */
export type Element = {
  uri: string
  name: string
  attrs: Record<string, string>
  parts: Element[]
  text: string
}

export const URI = {
  epp: 'urn:ietf:params:xml:ns:epp-1.0',
  domain: 'urn:ietf:params:xml:ns:domain-1.0',
  host: 'urn:ietf:params:xml:ns:host-1.0',
  contact: 'urn:ietf:params:xml:ns:contact-1.0',
  secDNS: 'urn:ietf:params:xml:ns:secDNS-1.1',
  rgp: 'urn:ietf:params:xml:ns:rgp-1.0',
  fee: 'urn:ietf:params:xml:ns:epp:fee-1.0',
  loginSec: 'urn:ietf:params:xml:ns:epp:loginSec-1.0',
  balance: 'http://www.verisign.com/epp/balance-1.0',
  lowBalance: 'http://www.verisign.com/epp/lowbalance-poll-1.0',
}

/** @throws Error for what is no well-formed document */
export function readXml(source: string): Element {
  const stack: Element[] = []
  let first: Element | null = null
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ uri, local: name, attributes }) => {
    const attrs: Record<string, string> = {}
    for (const { local, value } of Object.values(attributes)) attrs[local] = value
    const element = { uri, name, attrs, parts: [], text: '' }
    stack.at(-1)?.parts.push(element)
    first ??= element
    stack.push(element)
  })
  parser.on('text', (text) => {
    const top = stack.at(-1)
    if (top) top.text += text
  })
  parser.on('closetag', () => void stack.pop())
  parser.write(source).close()
  if (first === null) throw new Error('empty')
  return first
}

export const every = (element: Element | undefined, name: string): Element[] =>
  element?.parts.filter((part) => part.name === name) ?? []
export const part = (element: Element | undefined, ...names: string[]): Element | undefined =>
  names.reduce<Element | undefined>((at, name) => every(at, name)[0], element)
export const word = (element: Element | undefined): string => element?.text.trim() ?? ''

export const esc = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? char)
export const iso = (at: number): string => new Date(at).toISOString()
export const money = (minor: number): string => (minor / 100).toFixed(2)
