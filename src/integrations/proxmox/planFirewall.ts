import { guestChange, type PlanGuest, type PlanGuests } from './planGuests.ts'
import type { FirewallRule, Proxmox } from './types.ts'

/** The part of `planChanges` that is about firewalls. */
export function planFirewall(real: Proxmox, guests: PlanGuests) {
  const changing = guestChange(real, guests)
  const rules = async (guest: PlanGuest, change: (rules: FirewallRule[]) => FirewallRule[]) => {
    const firewall = await guests.part(guest, 'firewall')
    guest.parts.firewall = { ...firewall, rules: change(firewall.rules), rulesDigest: 'planned' }
  }
  const sources = async (guest: PlanGuest, change: (sources: string[]) => string[]) => {
    const firewall = await guests.part(guest, 'firewall')
    guest.parts.firewall = { ...firewall, sources: change(firewall.sources ?? []) }
  }

  return {
    setFirewallOptions: changing('setFirewallOptions', async (guest, options) => {
      const firewall = await guests.part(guest, 'firewall')
      const set = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]))
      guest.parts.firewall = { ...firewall, options: { ...firewall.options, ...set } }
    }),
    addFirewallRule: changing('addFirewallRule', (guest, rule) => rules(guest, (all) => [rule, ...all])),
    removeFirewallRule: changing('removeFirewallRule', (guest, position) =>
      rules(guest, (all) => all.toSpliced(position, 1)),
    ),
    makeSources: changing('makeSources', (guest) => sources(guest, (all) => all)),
    addSource: changing('addSource', (guest, cidr) => sources(guest, (all) => [...all, cidr])),
    removeSource: changing('removeSource', (guest, cidr) =>
      sources(guest, (all) => all.filter((one) => one !== cidr)),
    ),
  } satisfies Partial<Proxmox>
}
