/** A piece of XML, or nothing. */
export type Xml = string | null

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for XML and HTML. What XML 1.0 cannot hold, such as control characters and halves of pairs, is left out. */
export const escaped = (text: string): string =>
  text
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex -- these are what XML cannot hold
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char)

/** An element with text. */
export const text = (name: string, value: string, attributes: Record<string, string> = {}): string =>
  `${opening(name, attributes)}${escaped(value)}</${name}>`

/** An element with elements; those that are null are left out. */
export const element = (
  name: string,
  children: readonly Xml[],
  attributes: Record<string, string> = {},
): string => `${opening(name, attributes)}${children.filter((child) => child !== null).join('')}</${name}>`

const opening = (name: string, attributes: Record<string, string>): string =>
  `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(value)}"`)
    .join('')}>`
