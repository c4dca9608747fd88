/** Small tools of all benches: rounds, medians, a table. */

export const median = (values: readonly number[]): number => percentile(values, 50)

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN
}

export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const begun = performance.now()
  const result = await work()
  return { ms: performance.now() - begun, result }
}

/**
 * Measures all sides in turn, again and again, so that whatever else the machine does hurts all of them alike. The
 * side that begins changes with every round.
 * @returns the figures of each side, one a round
 */
export async function interleaved<T>(
  rounds: number,
  sides: readonly { name: string; measure: () => Promise<T> }[],
): Promise<Map<string, T[]>> {
  const figures = new Map<string, T[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length]
      if (side) figures.get(side.name)?.push(await side.measure())
    }
  }
  return figures
}

/** The median over the rounds of the ratio within a round: noise that lasts a round cancels out. */
export const medianRatio = (over: readonly number[], under: readonly number[]): number =>
  median(over.map((value, round) => value / (under[round] ?? Number.NaN)))

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  console.log(line(head))
  console.log(
    `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`,
  )
  for (const row of rows) console.log(line(row))
}

export const ms = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
export const times = (value: number): string => `${value.toFixed(2)} ×`
