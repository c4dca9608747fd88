/** What DNS has at a name: the TXT records, each with its parts joined, or why they could not be read. */
export type TxtAnswer = { ok: true; records: string[] } | { ok: false; fault: string }

/** The CAA records that count for a name, and at which name they stand; or why they could not be read. */
export type CaaAnswer =
  | { ok: true; at: string | null; records: { critical: boolean; tag: string; value: string }[] }
  | { ok: false; fault: string }
