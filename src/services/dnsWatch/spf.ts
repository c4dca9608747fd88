import { isSpf, ownLookups, spfReferences, textOf } from '../../../shared/mailPolicy.ts'
import type { TxtAnswer } from '../../integrations/dns/types.ts'

type Txt = (name: string) => Promise<TxtAnswer>

/** A record that takes more is past all limits: nobody counts on. */
const MOST = 30

/**
 * How many lookups each of these names takes itself when an SPF record includes it, with those of what it includes; null where that
 * could not be found out.
 */
export async function countLookups(
  txt: Txt,
  names: readonly string[],
): Promise<Record<string, number | null>> {
  const counted: [string, number | null][] = []
  for (const name of names) counted.push([name, await countOf(txt, name, { left: MOST })])
  return Object.fromEntries(counted)
}

async function countOf(txt: Txt, name: string, budget: { left: number }): Promise<number | null> {
  if (budget.left-- <= 0) return 0
  const answer = await txt(name)
  if (!answer.ok) return null
  const record = answer.records.find(isSpf)
  if (record === undefined) return 0
  let sum = ownLookups(record)
  for (const one of spfReferences(record)) {
    const nested = await countOf(txt, one, budget)
    if (nested === null) return null
    sum += nested
  }
  return sum
}

/** A record with more is over the limit already. */
const MOST_NAMES = 12

/** What the SPF record of a zone refers to. @param contents of its TXT records, as in a zone file */
export const referencesIn = (contents: readonly string[]): string[] =>
  [...new Set(contents.map(textOf).filter(isSpf).flatMap(spfReferences))].slice(0, MOST_NAMES)
