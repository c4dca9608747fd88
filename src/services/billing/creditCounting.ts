import { mulDiv } from '../../lib/money.ts'
import type { Amounts } from './taxRules.ts'

/** A line of an invoice, and what was credited of it so far. */
export type CreditLine = Amounts & { no: number; credited: Amounts }
/** What is credited of one line. */
export type LineCredit = Amounts & { no: number }

/** What of a line was not credited yet. */
export const restOf = ({ credited, ...line }: CreditLine): LineCredit => ({
  no: line.no,
  netMinor: line.netMinor - credited.netMinor,
  taxMinor: line.taxMinor - credited.taxMinor,
  grossMinor: line.grossMinor - credited.grossMinor,
})

export const isNothing = ({ netMinor, taxMinor, grossMinor }: Amounts): boolean =>
  netMinor === 0n && taxMinor === 0n && grossMinor === 0n

/** The tax of a part of a line: counted from what was credited altogether, so that all parts come to the whole. */
function partOf(line: CreditLine, grossMinor: bigint): LineCredit {
  const whole = line.grossMinor < 0n ? -line.grossMinor : line.grossMinor
  const sign = line.grossMinor < 0n ? -1n : 1n
  const until = line.credited.grossMinor + grossMinor
  const taxMinor = mulDiv(line.taxMinor, sign * until, whole) - line.credited.taxMinor
  return { no: line.no, netMinor: grossMinor - taxMinor, taxMinor, grossMinor }
}

/** Amounts, with the tax in them, of lines that were named. Each is at most the line's rest. */
export const creditOfLines = (
  lines: readonly CreditLine[],
  amounts: ReadonlyMap<number, bigint>,
): LineCredit[] =>
  lines.flatMap((line) => {
    const amount = amounts.get(line.no) ?? 0n
    return amount === 0n ? [] : [partOf(line, amount)]
  })

/** An amount of the invoice as a whole: each line has its share of it, discounts as well. At most the rest of the invoice. */
export function creditOfAmount(lines: readonly CreditLine[], amountMinor: bigint): LineCredit[] {
  const rests = lines.map((line) => restOf(line).grossMinor)
  const whole = rests.reduce((sum, rest) => sum + rest, 0n)
  let [until, given] = [0n, 0n]
  return lines.flatMap((line, at) => {
    until += rests[at] ?? 0n
    const share = mulDiv(until, amountMinor, whole) - given
    given += share
    return share === 0n ? [] : [partOf(line, share)]
  })
}
