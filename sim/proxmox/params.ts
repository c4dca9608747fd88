/** Request parameters as Proxmox's own parser reads them, quirks included. */
export type RawParams = Record<string, unknown>

/**
 * Pairs are split on `&` and `;`, and each pair on *every* `=`: what follows a second, unescaped one is lost.
 * A repeated key becomes an array.
 */
export function parseForm(text: string): RawParams {
  const params: RawParams = {}
  if (text === '') return params
  for (const pair of text.split(/[&;]/)) {
    const parts = pair.split('=')
    // Perl drops trailing empty fields: `key=` arrives without a value, as if it had not been sent.
    while (parts.length > 0 && parts.at(-1) === '') parts.pop()
    const key = decode(parts[0] ?? '')
    if (key === '') continue
    const value = parts[1] === undefined ? undefined : decode(parts[1])
    const before = params[key]
    if (value === undefined || before === undefined) params[key] = value
    else params[key] = Array.isArray(before) ? [...(before as unknown[]), value] : [before, value]
  }
  return params
}

function decode(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/[^\0-\x7f]+/g, (rest) => Buffer.from(rest, 'utf8').toString('latin1'))
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Throws with Perl's words when the text is no JSON. */
export function parseJson(text: string): RawParams {
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as RawParams
  } catch {
    const offset = text.search(/[^\s{[]/)
    throw new Error(
      `malformed JSON string, neither tag, array, object, number, string or atom, at character offset ` +
        `${Math.max(offset, 0)} (before "${text.slice(Math.max(offset, 0), 60)}") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm`,
    )
  }
  throw new Error('Not a HASH reference at /usr/share/perl5/PVE/APIServer/AnyEvent.pm')
}
