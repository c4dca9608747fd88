import { all, NS, one, textOf, xml, type Markup, type Node } from './eppXml.ts'

/** The documents of RFC 5730 around what a command or an answer is about. */

const envelope = (content: Markup): string =>
  xml`<?xml version="1.0" encoding="UTF-8" standalone="no"?><epp xmlns="${NS.epp}">${content}</epp>`.text

export const hello = envelope(xml`<hello/>`)

/** @param id 3 to 64 characters: the answer repeats it */
export const requestOf = (body: Markup, extension: Markup | null, id: string): string =>
  envelope(
    xml`<command>${body}${extension === null ? null : xml`<extension>${extension}</extension>`}<clTRID>${id}</clTRID></command>`,
  )

const uris = (node: Node | undefined, name: string): string[] =>
  all(node, NS.epp, name).map(({ text }) => text.trim())

/** The objects and extensions that a greeting offers; null: it is none. */
export function menuOf(root: Node): Set<string> | null {
  const menu = one(root, NS.epp, 'greeting', 'svcMenu')
  if (!menu) return null
  return new Set([...uris(menu, 'objURI'), ...uris(one(menu, NS.epp, 'svcExtension'), 'extURI')])
}

export type EppAnswer = {
  /** Of our command; null: the server has not read it. */
  id: string | null
  /** RFC 5730, section 3; NaN for what is none. */
  code: number
  message: string
  /** The object's data. */
  data: Node | undefined
  extension: Node | undefined
  queue: Node | undefined
}

/** Null: it is no response. */
export function responseOf(root: Node): EppAnswer | null {
  const response = root.ns === NS.epp && root.name === 'epp' ? one(root, NS.epp, 'response') : undefined
  if (!response) return null
  const result = one(response, NS.epp, 'result')
  const code = Number(result?.attrs['code'])
  const reasons = [
    textOf(one(result, NS.epp, 'msg')),
    ...all(result, NS.epp, 'extValue').map((value) => textOf(one(value, NS.epp, 'reason'))),
  ]
  return {
    id: textOf(one(response, NS.epp, 'trID', 'clTRID')),
    code: Number.isInteger(code) && code >= 1000 && code <= 2999 ? code : Number.NaN,
    message: reasons.filter((text) => text !== null).join(': '),
    data: one(response, NS.epp, 'resData'),
    extension: one(response, NS.epp, 'extension'),
    queue: one(response, NS.epp, 'msgQ'),
  }
}
