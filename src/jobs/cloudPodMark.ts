import type { GuestConfig } from '../integrations/proxmox/types.ts'

/** What every guest of a pod is tagged with. */
export const TAG = 'mpanel'

/** Machines are called by `name`, containers by `hostname`. */
export const named = (kind: 'vm' | 'ct', name: string): { name: string } | { hostname: string } =>
  kind === 'vm' ? { name } : { hostname: name }

/** The guest's own tags and ours, as Proxmox takes them. */
export const withTag = ({ tags }: GuestConfig): string => [...new Set([...tags, TAG])].join(';')

/** The guest's own description under our mark. */
export const withMark = ({ description }: GuestConfig, mark: string): string =>
  [mark, description.trim()].filter((line) => line !== '').join('\n')
