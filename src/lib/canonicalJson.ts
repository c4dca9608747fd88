/** One text for one value: no blanks, keys in the order of their UTF-16 code units (RFC 8785). */
export function canonicalJson(given: unknown): string {
  if (Array.isArray(given)) return `[${given.map(canonicalJson).join(',')}]`
  if (given === null || typeof given !== 'object') return JSON.stringify(given)
  const entries = Object.entries(given).filter(([, inner]) => inner !== undefined)
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
}

/**
 * The same from PostgreSQL's text of a jsonb. Numbers and strings stay as PostgreSQL writes them, so that no two
 * values look alike which JavaScript could not tell apart, and nothing is parsed and written again.
 * @throws SyntaxError for text that is no JSON
 */
export function canonicalText(text: string): string {
  const scanner = { text, at: 0 }
  const found = value(scanner)
  if (scanner.at !== text.length) throw new SyntaxError('there is more than one value')
  return found
}

type Scanner = { text: string; at: number }
const [QUOTE, BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END, COMMA, COLON, BLANK] = [
  34, 92, 123, 125, 91, 93, 44, 58, 32,
]

const here = ({ text, at }: Scanner): number => text.charCodeAt(at)

function value(scanner: Scanner): string {
  const first = here(scanner)
  if (first === QUOTE) return string(scanner)
  if (first === BRACE) return object(scanner)
  if (first === BRACKET) return `[${items(scanner, BRACKET_END, value).join(',')}]`
  return plain(scanner)
}

const nameOf = ({ key }: { key: string }): string =>
  key.includes('\\') ? (JSON.parse(key) as string) : key.slice(1, -1)

function object(scanner: Scanner): string {
  const entries = items(scanner, BRACE_END, (inside) => {
    const key = string(inside)
    skip(inside, COLON)
    return { key, text: `${key}:${value(inside)}` }
  })
  entries.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
  return `{${entries.map((entry) => entry.text).join(',')}}`
}

function items<T>(scanner: Scanner, end: number | undefined, read: (scanner: Scanner) => T): T[] {
  const found: T[] = []
  scanner.at++
  if (here(scanner) === end) {
    scanner.at++
    return found
  }
  for (;;) {
    found.push(read(scanner))
    if (here(scanner) === end) {
      scanner.at++
      return found
    }
    skip(scanner, COMMA)
  }
}

/** A comma or a colon, and the blank that PostgreSQL writes behind it. */
function skip(scanner: Scanner, separator: number | undefined): void {
  if (here(scanner) !== separator) throw new SyntaxError(`unexpected text at ${scanner.at}`)
  scanner.at++
  if (here(scanner) === BLANK) scanner.at++
}

function string(scanner: Scanner): string {
  const { text, at } = scanner
  if (here(scanner) !== QUOTE) throw new SyntaxError(`no string at ${at}`)
  for (let end = at + 1; ; end++) {
    end = text.indexOf('"', end)
    if (end < 0) throw new SyntaxError('a string does not end')
    let escapes = end
    while (text.charCodeAt(escapes - 1) === BACKSLASH) escapes--
    if ((end - escapes) % 2 === 1) continue
    scanner.at = end + 1
    return text.slice(at, end + 1)
  }
}

/** A number, true, false or null. */
function plain(scanner: Scanner): string {
  const begin = scanner.at
  while (scanner.at < scanner.text.length && ![COMMA, BRACE_END, BRACKET_END].includes(here(scanner)))
    scanner.at++
  if (scanner.at === begin) throw new SyntaxError(`no value at ${begin}`)
  return scanner.text.slice(begin, scanner.at)
}
