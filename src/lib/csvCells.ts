import { z } from 'zod'

/** What a spreadsheet takes for a formula, behind any number of the apostrophes that we put in front of it. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/
const ESCAPED = /^'+[=+\-@\t\r\n＝＋－＠]/

/**
 * Makes a cell that no spreadsheet calculates. The library's own escape cannot be undone: it writes `=x` and `'=x`
 * alike. This one can, so that what was exported can be imported.
 */
export const escapeCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text)
export const unescapeCell = (text: string): string => (ESCAPED.test(text) ? text.slice(1) : text)

/** The columns of a thing as the API shows it: those of an object in it are named `customer.name`. */
export function columnsOf(item: z.ZodObject, before = ''): string[] {
  return Object.entries(item.shape).flatMap(([name, field]) => {
    const inner = bare(field as z.ZodType)
    return inner instanceof z.ZodObject ? columnsOf(inner, `${before}${name}.`) : [before + name]
  })
}

/** Without what says that it may be missing. */
function bare(field: z.ZodType): z.ZodType {
  return field instanceof z.ZodNullable || field instanceof z.ZodOptional || field instanceof z.ZodDefault
    ? bare(field.unwrap() as z.ZodType)
    : field
}

/** The cell of a column: numbers as they are, several values with semicolons between, what has parts as JSON. */
export function cellOf(row: unknown, column: string): string {
  let value: unknown = row
  for (const name of column.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return escapeCell(value)
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return escapeCell(value.join('; '))
  return escapeCell(JSON.stringify(value))
}
