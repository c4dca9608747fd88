/** A file that is sent as it comes. It begins after the transaction that made it, so nothing of it is held in memory. */
export type Download = { name: string; type: string; content: AsyncIterable<string> }

/**
 * The header that makes a browser save an answer under a name. Any name is safe in it: what a header cannot carry is
 * only in the second, encoded form (RFC 6266, RFC 8187).
 */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^\w .()-]/g, '_').slice(0, 150)
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
