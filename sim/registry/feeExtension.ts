import * as prices from './fees.ts'
import type { World } from './world.ts'
import { esc, every, money, part, URI, word, type Element } from './xml.ts'

/** Prices in documents: RFC 8748. */

export const feeOf = (extension: Element | undefined): prices.Named | null => {
  const fee = extension?.parts.find(({ uri }) => uri === URI.fee)
  if (!fee) return null
  return { minor: Math.round(Number(word(part(fee, 'fee'))) * 100), currency: word(part(fee, 'currency')) }
}

export function fees(world: World, names: readonly string[], asked: Element): string {
  const currency = word(part(asked, 'currency')) || prices.CURRENCY
  const rows = names.map((name) => {
    const costs = every(asked, 'command').map((command) => costOf(world, name, command))
    const isKnown = costs.length > 0 && costs.every((cost) => cost !== null)
    const premium = prices.isPremium(world, name) ? '<fee:class>premium</fee:class>' : ''
    return `<fee:cd avail="${isKnown ? 1 : 0}"><fee:objID>${esc(name)}</fee:objID>${premium}${
      isKnown ? costs.join('') : '<fee:reason>no price</fee:reason>'
    }</fee:cd>`
  })
  return `<fee:chkData xmlns:fee="${URI.fee}"><fee:currency>${currency}</fee:currency>${rows.join('')}</fee:chkData>`
}

/** What is asked for, with its price; null for no name of this registry. */
function costOf(world: World, name: string, command: Element): string | null {
  const verb = (command.attrs['name'] ?? 'create') as prices.Deed
  const years = Number(word(part(command, 'period')) || '1')
  try {
    const minor = prices.feeOf(world, name, verb, years)
    const period = verb === 'restore' ? '' : `<fee:period unit="y">${years}</fee:period>`
    return `<fee:command name="${verb}">${period}<fee:fee>${money(minor)}</fee:fee></fee:command>`
  } catch {
    return null
  }
}
