import { z } from 'zod'
import { POD_ADDRESS_STATES } from '../states/cloudPodAddress.ts'
import { REVERSE_STATES } from '../states/reverseName.ts'
import { hostname } from './billing.ts'
import { id } from './common.ts'
import { job } from './provisioning.ts'

const ip = z.union([z.ipv4(), z.ipv6()])

export const cloudPodAddress = z.object({
  address: z.string(),
  /** Of a pod that has a whole /64 the address is the first one in it. */
  prefix: z.number().int(),
  gateway: z.string(),
  /** Of the card that the address is for; those who see the infrastructure are told its pool as well. */
  pool: z.object({ id, name: z.string() }).nullable(),
  /** The one it was made with: it goes with the pod. */
  primary: z.boolean(),
  /** `card`: the hypervisor tells it to the guest. `inside`: it is set inside the guest by whoever runs it. */
  delivery: z.enum(['card', 'inside']),
  state: z.enum(POD_ADDRESS_STATES),
  reverseName: z.string().nullable(),
  /** Whether the world finds the name, and is led back to the address; null: it has none. */
  reverse: z.object({ state: z.enum(REVERSE_STATES), message: z.string().nullable() }).nullable(),
})
export type CloudPodAddress = z.infer<typeof cloudPodAddress>

/** The primary one first. */
export const cloudPodAddresses = z.object({ items: z.array(cloudPodAddress) })
export type CloudPodAddresses = z.infer<typeof cloudPodAddresses>

export const addressParams = z.object({ id, address: ip })

/** A free address of a family, or a given one. */
export const cloudPodAddressAdd = z.union([
  z.strictObject({ family: z.enum(['ipv4', 'ipv6']) }),
  z.strictObject({ address: ip }),
])
export type CloudPodAddressAdd = z.infer<typeof cloudPodAddressAdd>

/** Null takes the name away. A name has at least two labels, as a name that can be looked up has. */
export const cloudPodAddressUpdate = z.strictObject({
  reverseName: hostname
    .refine((name) => name.includes('.'), 'a full name such as mail.example.com')
    .meta({ examples: ['mail.example.com'] })
    .nullable(),
})

export const addressAccepted = z.object({ address: cloudPodAddress, job })
