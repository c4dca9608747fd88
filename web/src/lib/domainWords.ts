import type { Domain } from '../api/domains.ts'

/** What a list says of a domain in one word. */
export const stateOf = ({ registration, verifiedAt }: Domain) =>
  registration === 'ended' ? 'ended' : verifiedAt === null ? 'unproven' : registration
