import { moneyOf } from '../lib/money.ts'

/** Prints what was answered: as JSON if that was asked for, and otherwise in words. */
export type Printer = (answer: unknown, words: () => void) => void

export const print = (line: string): void => void process.stdout.write(`${line}\n`)

export const printerOf =
  (json: boolean): Printer =>
  (answer, words) =>
    json ? print(JSON.stringify(answer, null, 2)) : words()

export type Row = Record<string, unknown>

/** `customer.name` of a thing, as one word or a few. */
function valueAt(thing: Row, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Row | null | undefined)?.[name], thing)
  return textOf(value)
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (Array.isArray(value)) return value.map(textOf).join(', ') || '–'
  if (typeof value !== 'object') return clean(`${value as string | number | boolean}`)
  const { amount, currency } = value as { amount?: unknown; currency?: unknown }
  return typeof amount === 'string' && /^-?\d+$/.test(amount) && typeof currency === 'string'
    ? moneyOf({ amount, currency })
    : JSON.stringify(value)
}

/** What customers have typed must not steer the terminal. */
const clean = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '�')

/** Columns as wide as what is in them. */
export function table(rows: readonly Row[], columns: Record<string, string>): void {
  const cells = rows.map((row) => Object.values(columns).map((path) => valueAt(row, path)))
  const lines = [Object.keys(columns), ...cells]
  const widths = Object.keys(columns).map((_, at) =>
    Math.max(...lines.map((line) => (line[at] ?? '').length)),
  )
  for (const line of lines)
    print(
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/** One thing, a line a field; what is in it stands below it. */
export function fields(thing: Row, indent = ''): void {
  for (const [name, value] of Object.entries(thing)) {
    const isNested = typeof value === 'object' && value !== null && !('amount' in value)
    if (!isNested || (Array.isArray(value) && value.every((one) => typeof one !== 'object'))) {
      print(`${indent}${name}: ${textOf(value)}`)
      continue
    }
    print(`${indent}${name}:`)
    for (const inner of Array.isArray(value) ? value : [value]) {
      fields(inner as Row, `${indent}  `)
      if (Array.isArray(value)) print('')
    }
  }
}
