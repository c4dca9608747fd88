/** What DNS has at a name: the TXT records, each with its parts joined, or why they could not be read. */
export type TxtAnswer = { ok: true; records: string[] } | { ok: false; fault: string }
