import { DnsError } from './errors.ts'
import { readToken, type Token } from './tokens.ts'

/** An entry of a zone file: a directive or a record, over as many lines as its brackets span. */
export type Entry = {
  /** Where it begins, counted from 1. */
  line: number
  /** It begins with a blank: its name is that of the entry before. */
  indented: boolean
  tokens: Token[]
}

/** Or what is wrong with one, which is passed over. */
export type Fault = { line: number; message: string }

const BLANK = new Set([' ', '\t', '\r'])

/**
 * The entries of a zone file (RFC 1035, 5.1): words, comments, brackets over several lines. An entry that cannot be read is
 * told, and reading goes on with the line behind it.
 */
export function* entriesOf(text: string): Generator<Entry | Fault> {
  const scan = { text, at: 0, line: 1 }
  while (scan.at < text.length) {
    const line = scan.line
    try {
      const entry = entry1(scan, line)
      if (entry.tokens.length > 0) yield entry
    } catch (error) {
      if (!(error instanceof DnsError)) throw error
      yield { line, message: error.message }
      toNextLine(scan)
    }
  }
}

type Scan = { text: string; at: number; line: number }

function toNextLine(scan: Scan): void {
  const end = scan.text.indexOf('\n', scan.at)
  scan.at = end === -1 ? scan.text.length : end + 1
  scan.line += 1
}

/** Reads to the end of the line, or of the last one that its brackets span. */
function entry1(scan: Scan, line: number): Entry {
  const { text } = scan
  const entry: Entry = { line, indented: BLANK.has(text[scan.at] ?? ''), tokens: [] }
  let depth = 0
  while (scan.at < text.length) {
    const char = text[scan.at] ?? ''
    if (char === '\n') {
      scan.at += 1
      scan.line += 1
      if (depth === 0) return entry
    } else if (BLANK.has(char)) scan.at += 1
    else if (char === ';') {
      const end = text.indexOf('\n', scan.at)
      scan.at = end === -1 ? text.length : end
    } else if (char === '(' || char === ')') {
      depth += char === '(' ? 1 : -1
      if (depth < 0 || depth > 1) throw new DnsError('The brackets do not match.')
      scan.at += 1
    } else {
      const { token, end } = readToken(text, scan.at)
      entry.tokens.push(token)
      scan.at = end
    }
  }
  if (depth > 0) throw new DnsError('A bracket is not closed.')
  return entry
}
